# Every printed cell of the study of progression modes, counted again from the synthetic tables.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   Rscript tests/reference/progression_mode_reference.R data/progression_mode OUTPUT.json
#
# Progression and its mode are read off the lesions here, by RECIST 1.1 in whole millimetres: targets
# progress where their sum is 20 % and 5 mm above its smallest earlier value, a lesion where it is
# so itself, a non-target where the reader says so. Cox models have Breslow's ties; the limits of a
# median are SPSS's, from the density at the median with 1.96. A cell matches when it rounds, half
# up, to the printed text. Cells are found by place, factor, group, model and quantity of
# printed.csv, not by the columns that tell the product where they are.

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
numbers <- c("age", "initial_stage_code", "disease_free_months", "first_line_months",
             "first_line_progressed", "second_line_months", "second_line_progressed",
             "follow_up_months")
for (name in numbers) patients[[name]] <- as.numeric(patients[[name]])
lesions <- read("lesions.csv")
lesions$size <- as.numeric(lesions$`diameter (mm)`)
small <- lesions$kind == "target" & lesions$state == "too small to measure"
lesions$size[small] <- 5
lesions$size[lesions$state == "absent"] <- 0
lesions$date <- as.Date(lesions$date)
stopifnot(nrow(patients) == 70, setequal(lesions$patient, patients$id))

# The mode of progression ----------------------------------------------------------------------

grown <- function(size, nadir) 10 * size >= 12 * nadir & size - nadir >= 5

mode_of <- function(id) {
  own <- lesions[lesions$patient == id, ]
  visits <- sort(unique(own$date))
  targets <- own[own$kind == "target", ]
  stopifnot(!anyNA(targets$size), nrow(targets) > 0)
  sizes <- tapply(targets$size, list(targets$lesion, as.character(targets$date)), sum)
  sizes <- sizes[, as.character(visits), drop = FALSE]
  stopifnot(!anyNA(sizes))
  sums <- colSums(sizes)
  for (v in seq_along(visits)[-1]) {
    here <- own[own$date == visits[v], ]
    others <- here$state[here$kind == "non-target"] == "unequivocal progression"
    t <- grown(sums[v], min(sums[seq_len(v - 1)]))
    nt <- any(others)
    nl <- any(here$kind == "new" & here$state == "present")
    if (t || nt || nl) {
      each <- grown(sizes[, v], apply(sizes[, seq_len(v - 1), drop = FALSE], 1, min))
      hom <- t && all(each) && all(others)
      return(data.frame(
        heter = !hom, category = !(t && (nt || length(others) == 0)), a = !t && (nl || nt),
        b = !t && !nt && nl, date = visits[v], last = v == length(visits)))
    }
  }
  data.frame(heter = NA, category = NA, a = NA, b = NA, date = as.Date(NA), last = NA)
}
modes <- do.call(rbind, lapply(patients$id, mode_of))
stopifnot(!anyNA(modes), modes$last)
patients <- cbind(patients, modes)

# The dates say what the months say.
days <- function(months) round(months * 30.4375)
metastasis <- as.Date(patients$metastasis_date)
stopifnot(as.numeric(patients$date - metastasis) == days(patients$first_line_months),
          patients$date < as.Date(patients$second_line_start))

# Estimates ------------------------------------------------------------------------------------

spss_median <- function(time, event) {
  fit <- survfit(Surv(time, event) ~ 1)
  at <- fit$n.event > 0
  t <- fit$time[at]
  s <- fit$surv[at]
  error <- fit$surv[at] * fit$std.err[at]
  close <- 1e-9
  half <- which(s <= 0.5 + close)
  if (length(half) == 0) return(rep(NA, 4))
  m <- half[1]
  after <- which(s <= 0.45 + close)
  if (length(after) == 0 || !is.finite(error[m])) return(c(t[m], NA, NA, NA))
  before <- which(s >= 0.55 - close)
  u <- if (length(before)) t[max(before)] else 0
  s_u <- if (length(before)) s[max(before)] else 1
  density <- (s_u - s[after[1]]) / (t[after[1]] - u)
  se <- error[m] / density
  c(t[m], max(0, t[m] - 1.96 * se), t[m] + 1.96 * se, se)
}
MEDIANS <- c("median", "median_low", "median_high", "std_error")
RATIOS <- c("hazard_ratio", "hr_low", "hr_high", "p_value")

ratios <- function(formula, data) {
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  fit <- summary(coxph(formula, data, ties = "breslow", control = control))
  cbind(fit$conf.int[, c(1, 3, 4), drop = FALSE], fit$coefficients[, 5])
}
logrank <- function(formula, data) {
  test <- survdiff(formula, data)
  pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE)
}

terms <- with(patients, data.frame(
  time = second_line_months, event = second_line_progressed, young = as.numeric(age < 45),
  stage = initial_stage_code, hormone = as.numeric(hormone_receptor == "positive"),
  her2 = as.numeric(her2 == "positive"), first = first_line_months, heter = as.numeric(heter)))
FACTORS <- c("Age" = "young", "Initial stage" = "stage", "Hormone receptor" = "hormone",
             "HER2" = "her2", "First-line PFS" = "first", "Mode of progression" = "heter")
several <- ratios(Surv(time, event) ~ young + stage + hormone + her2 + first + heter, terms)

table_3 <- function(row) {
  column <- FACTORS[[row$factor]]
  found <- if (row$model == "multivariable") several[match(row$factor, names(FACTORS)), ] else
    ratios(reformulate(column, "Surv(time, event)"), terms)[1, ]
  found[match(row$quantity, RATIOS)]
}

inside <- list(
  "Visceral metastasis" = patients$metastatic_sites == "visceral",
  "Bone and soft tissue only" = patients$metastatic_sites != "visceral",
  "Hormone receptor negative" = patients$hormone_receptor == "negative",
  "First-line PFS under 6 months" = patients$first_line_months < 6,
  "Chemotherapy in the first line" = patients$first_line == "chemotherapy",
  "Endocrine therapy in the first line" = patients$first_line == "endocrine",
  "Retained trastuzumab" = patients$partial_retention == "yes")
models <- list("Model A" = patients$a, "Model B" = patients$b, "Model C" = patients$heter)

curve <- function(row, time, event, first, own = rep(TRUE, nrow(patients))) {
  data <- data.frame(time = time, event = event, first = first)[own, ]
  if (row$quantity == "p_value" && row$factor != "Bone and soft tissue only")
    return(logrank(Surv(time, event) ~ first, data))
  if (row$quantity %in% RATIOS)
    return(ratios(Surv(time, event) ~ first, data)[1, match(row$quantity, RATIOS)])
  who <- if (row$group == "") rep(TRUE, nrow(data)) else
    data$first == (row$group %in% c("group 1", "Heter-PD"))
  if (row$quantity == "n") return(sum(who))
  if (row$quantity == "events") return(sum(data$event[who]))
  if (row$quantity == "percent") return(100 * mean(who))
  spss_median(data$time[who], data$event[who])[match(row$quantity, MEDIANS)]
}
second_line <- function(row) {
  first <- if (row$factor %in% names(models)) models[[row$factor]] else patients$heter
  own <- if (row$factor %in% names(inside)) inside[[row$factor]] else rep(TRUE, nrow(patients))
  curve(row, patients$second_line_months, patients$second_line_progressed, first, own)
}

# Table 1 --------------------------------------------------------------------------------------

CATEGORIES <- c(
  "Initial stage" = "initial_stage", "Hormone receptor" = "hormone_receptor", "HER2" = "her2",
  "Metastatic sites" = "metastatic_sites", "First-line chemotherapy" = "first_line_regimen",
  "First-line endocrine" = "first_line_regimen", "Partial retention" = "partial_retention")
table_1 <- function(row) {
  if (row$factor == "First-line PFS")
    return(curve(row, patients$first_line_months, patients$first_line_progressed, patients$heter))
  if (row$factor %in% c("Age", "Disease-free survival")) {
    values <- patients[[if (row$factor == "Age") "age" else "disease_free_months"]]
    if (row$quantity == "p_value") return(t.test(values ~ patients$heter, var.equal = TRUE)$p.value)
    own <- switch(row$group, "Heter-PD" = patients$heter, "Hom-PD" = !patients$heter, TRUE)
    values <- values[own & !is.na(values)]
    return(switch(row$quantity, n = length(values), mean_value = mean(values), sd = sd(values)))
  }
  own <- switch(row$factor,
                "First-line chemotherapy" = patients$first_line == "chemotherapy",
                "First-line endocrine" = patients$first_line == "endocrine",
                rep(TRUE, nrow(patients)))
  values <- patients[[CATEGORIES[[row$factor]]]][own]
  heter <- patients$heter[own]
  if (row$quantity == "p_value") {
    counts <- table(values, heter)
    if (startsWith(row$factor, "First-line")) return(fisher.test(counts)$p.value)
    return(chisq.test(counts, correct = FALSE)$p.value)
  }
  parts <- strsplit(row$group, " | ", fixed = TRUE)[[1]]
  arm <- heter == (parts[2] == "Heter-PD")
  if (row$quantity == "count") sum(values[arm] == parts[1]) else 100 * mean(values[arm] == parts[1])
}

# Printed against computed ---------------------------------------------------------------------

printed <- read("printed.csv")
value_of <- function(row) {
  switch(row$place, "Table 3" = table_3(row), "Table 1" = table_1(row),
         "Abstract" = spss_median(patients$follow_up_months, rep(1, nrow(patients)))[1],
         second_line(row))
}
matches <- function(value, text) {
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
  groups = list(heter = sum(patients$heter), model_a_1 = sum(patients$a),
                model_b_1 = sum(patients$b),
                change_by_category = sum(patients$heter != patients$category)),
  cells = data.frame(printed[c("place", "factor", "group", "model", "quantity", "printed", "kind")],
                     value = values, matched = matched))
write_json(output, arguments[2], auto_unbox = TRUE, digits = NA, pretty = 1, na = "null",
           dataframe = "rows")
