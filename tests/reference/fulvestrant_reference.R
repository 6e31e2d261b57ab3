# Every printed cell of the study of fulvestrant, counted again from the synthetic tables alone.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   Rscript tests/reference/fulvestrant_reference.R data/fulvestrant OUTPUT.json
#
# The lesions are summarised here by the study's rules (bone out, SUVmax of 2.5 or more, hottest
# lesion, sample standard deviation, sums). Cox models have Breslow's ties; the limits of a median
# are SPSS's, from the density at the median with 1.96. A cell matches when it rounds, half up, to
# the printed text. Cells are found by place, factor, group, model and quantity of printed.csv, not
# by the columns that tell the product where they are.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
folder <- arguments[1]
read <- function(name) {
  read.csv(file.path(folder, name), check.names = FALSE, colClasses = "character",
           encoding = "UTF-8")
}

# Tables ---------------------------------------------------------------------------------------

patients <- read("patients.csv")
for (name in c("age", "n_sites", "endocrine_line", "pfs_months", "progressed", "os_months",
               "died")) patients[[name]] <- as.numeric(patients[[name]])
lesions <- read("lesions.csv")
for (name in c("SUVmax", "SUVmean", "MTV (mL)")) lesions[[name]] <- as.numeric(lesions[[name]])
stopifnot(nrow(patients) == 27, all(lesions$patient %in% patients$id))

counting <- lesions[lesions$site != "bone" & lesions$SUVmax >= 2.5, ]
markers <- do.call(rbind, lapply(patients$id, function(id) {
  own <- counting[counting$patient == id, ]
  hottest <- which.max(own$SUVmax)
  data.frame(
    SUVmax = own$SUVmax[hottest], SUVmean = own$SUVmean[hottest],
    HI = own$SUVmax[hottest] / own$SUVmean[hottest], COV = sd(own$SUVmax) / mean(own$SUVmax),
    MTV = sum(own$`MTV (mL)`), TLG = sum(own$SUVmean * own$`MTV (mL)`), n_lesions = nrow(own))
}))
patients <- cbind(patients, markers)
cuts <- c(SUVmax = 6.09, SUVmean = 3.92, MTV = 18.78, HI = 2.05, COV = 0.275, TLG = 72.5)
high <- lapply(names(cuts), function(m) as.integer(patients[[m]] >= cuts[[m]]))
names(high) <- names(cuts)
factors <- c(list(
  "Liver metastasis" = as.integer(patients$liver == "yes"),
  "Line of endocrine therapy" = as.integer(patients$endocrine_line >= 2),
  "Prior chemotherapy" = as.integer(patients$prior_chemotherapy == "yes"),
  "Metastatic sites" = patients$n_sites - 1), high)
pfs <- Surv(patients$pfs_months, patients$progressed)

# Estimates ------------------------------------------------------------------------------------

spss_median <- function(time, event) {
  fit <- survfit(Surv(time, event) ~ 1)
  at <- fit$n.event > 0
  t <- fit$time[at]
  s <- fit$surv[at]
  error <- fit$surv[at] * fit$std.err[at]
  close <- 1e-9
  half <- which(s <= 0.5 + close)
  if (length(half) == 0) return(c(NA, NA, NA))
  m <- half[1]
  after <- which(s <= 0.45 + close)
  if (length(after) == 0 || !is.finite(error[m])) return(c(t[m], NA, NA))
  before <- which(s >= 0.55 - close)
  u <- if (length(before)) t[max(before)] else 0
  s_u <- if (length(before)) s[max(before)] else 1
  density <- (s_u - s[after[1]]) / (t[after[1]] - u)
  half_width <- 1.96 * error[m] / density
  c(t[m], max(0, t[m] - half_width), t[m] + half_width)
}

ratios <- function(formula) {
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  fit <- summary(coxph(formula, ties = "breslow", control = control))
  cbind(fit$conf.int[, c(1, 3, 4), drop = FALSE], fit$coefficients[, 5])
}

several <- ratios(pfs ~ factors[["Liver metastasis"]] + factors$HI + factors$SUVmax)
rownames(several) <- c("Liver metastasis", "HI", "SUVmax")

level_of <- function(factor, group) {
  if (factor == "Metastatic sites") return(match(group, c("1", "2", ">= 3")) - 1)
  as.integer(group == "yes" || startsWith(group, ">="))
}
RATIOS <- c("hazard_ratio", "hr_low", "hr_high", "p_value")
MEDIANS <- c("median", "median_low", "median_high")

table_2 <- function(row) {
  x <- factors[[row$factor]]
  if (row$model == "multivariable") return(several[row$factor, match(row$quantity, RATIOS)])
  if (row$model == "univariable") return(ratios(pfs ~ x)[1, match(row$quantity, RATIOS)])
  if (row$quantity == "p_value") {
    test <- survdiff(pfs ~ x)
    return(pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE))
  }
  own <- x == level_of(row$factor, row$group)
  if (row$quantity == "n") return(sum(own))
  if (row$quantity == "events") return(sum(patients$progressed[own]))
  spss_median(patients$pfs_months[own], patients$progressed[own])[match(row$quantity, MEDIANS)]
}

benefit <- patients$clinical_benefit == "yes"
table_s2 <- function(row) {
  own <- if (row$group == "< 6.09") high$SUVmax == 0 else high$SUVmax == 1
  fit <- summary(glm(benefit ~ high$SUVmax, family = binomial,
                     control = glm.control(epsilon = 1e-14, maxit = 50)))$coefficients[2, ]
  z <- qnorm(0.975)
  switch(row$quantity, n = sum(own), count = sum(benefit[own]), percent = 100 * mean(benefit[own]),
         odds_ratio = exp(fit[1]), or_low = exp(fit[1] - z * fit[2]),
         or_high = exp(fit[1] + z * fit[2]), p_value = fit[4])
}

table_1 <- function(row) {
  if (row$factor == "Age") return(median(patients$age))
  column <- c("Stage at diagnosis" = "stage", "Disease-free interval" = "disease_free_interval",
              "Metastatic sites" = "n_sites", "Visceral metastasis" = "visceral",
              "Liver metastasis" = "liver", "Lung metastasis" = "lung",
              "Prior chemotherapy" = "prior_chemotherapy",
              "Line of endocrine therapy" = "endocrine_line")[[row$factor]]
  level <- if (row$group == ">= 3") "3" else row$group
  values <- as.character(patients[[column]])
  values <- values[values != ""]
  if (row$quantity == "count") sum(values == level) else 100 * mean(values == level)
}

results <- function(row) {
  responded <- patients$best_response %in% c("CR", "PR")
  overall <- spss_median(patients$pfs_months, patients$progressed)
  known <- list(
    "Overall n" = 27, "Overall events" = sum(patients$progressed), "Overall median" = overall[1],
    "Overall median_low" = overall[2], "Overall median_high" = overall[3],
    "Objective response count" = sum(responded),
    "Objective response percent" = 100 * mean(responded),
    "Clinical benefit count" = sum(benefit), "Clinical benefit percent" = 100 * mean(benefit),
    "Deaths events" = sum(patients$died),
    "Overall survival median" = spss_median(patients$os_months, patients$died)[1],
    "Follow-up median" = median(patients$os_months))
  known[[paste(row$factor, row$quantity)]]
}

# Printed against computed ---------------------------------------------------------------------

printed <- read("printed.csv")
value_of <- function(row) {
  switch(row$place, "Table 2" = table_2(row), "Table S2" = table_s2(row),
         "Table 1" = table_1(row), "Results" = results(row),
         "Methods" = median(patients[[row$factor]]))
}
matches <- function(value, text) {
  if (text == "NR") return(is.na(value))
  if (is.na(value)) return(FALSE)
  decimals <- if (grepl(".", text, fixed = TRUE)) nchar(sub("^[^.]*[.]", "", text)) else 0
  # Half up: R's own rounding goes by the binary value and to even digits.
  abs(floor(value * 10^decimals + 0.5 + 1e-9) / 10^decimals - as.numeric(text)) < 1e-9
}
rows <- lapply(seq_len(nrow(printed)), function(i) as.list(printed[i, ]))
values <- vapply(rows, function(row) as.numeric(value_of(row)), 0)
matched <- mapply(matches, values, printed$printed)

count <- function(which) list(matched = sum(matched[which]), cells = sum(which))
output <- list(
  made_with = R.version.string,
  counts = lapply(setNames(nm = c("estimate", "count", "other")),
                  function(kind) count(printed$kind == kind)),
  range_of_age = range(patients$age), range_of_follow_up = range(patients$os_months),
  lesions_that_count = c(min(markers$n_lesions), median(markers$n_lesions),
                         max(markers$n_lesions)),
  cells = data.frame(printed[c("place", "factor", "group", "model", "quantity", "printed", "kind")],
                     value = values, matched = matched))
write_json(output, arguments[2], auto_unbox = TRUE, digits = NA, pretty = 1, na = "null",
           dataframe = "rows")
