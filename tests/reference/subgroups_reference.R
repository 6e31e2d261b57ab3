# Hazard ratios within subgroups and interaction tests, by the survival package.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/subgroups_reference.R FOLDER tests/reference/subgroups_reference.json
#
# A number is cut at its median (the median and more against less). Medians of the curves are those
# of quantile(survfit).

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

CASES <- list(
  list("gbsg2.csv", "time", "cens", 1, "horTh", c("menostat", "tgrade", "age"), "efron", NULL),
  list("gbsg2.csv", "time", "cens", 1, "horTh", c("menostat", "age"), "breslow", "tgrade"),
  list("gbsg2.csv", "time", "cens", 1, "tgrade", c("menostat", "horTh"), "efron", NULL),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Treatment",
       c("Celltype", "Karnofsky_score", "Prior_therapy"), "efron", NULL),
  list("lung.csv", "time", "status", 1, "sex", c("ph.ecog", "age"), "efron", NULL)
)

polished <- function(formula, data, ties) {
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  fit <- suppressWarnings(coxph(formula, data, ties = ties, control = control))
  if (!all(is.finite(coef(fit))) || any(diag(vcov(fit)) > 100)) return(fit)
  again <- suppressWarnings(coxph(formula, data, ties = ties, control = control,
                                  init = coef(fit)))
  fit$coefficients <- again$coefficients
  fit
}

one <- function(case, folder) {
  names(case) <- c("table", "time", "event", "event_is", "by", "subgroups", "ties", "strata")
  data <- read.csv(file.path(folder, case$table))
  data <- data[complete.cases(data[c(case$time, case$event, case$by, case$strata)]), ]
  data$y <- Surv(data[[case$time]], data[[case$event]] == case$event_is)
  data$g <- factor(data[[case$by]])
  strata <- if (is.null(case$strata)) "" else sprintf("+ strata(%s)", case$strata)
  variables <- lapply(case$subgroups, function(name) {
    x <- data[[name]]
    numeric <- is.numeric(x) && length(unique(na.omit(x))) > 6
    data$v <- if (numeric) factor(x >= median(x, na.rm = TRUE)) else factor(x)
    have <- data[!is.na(data$v), ]
    full <- polished(as.formula(paste("y ~ g * v", strata)), have, case$ties)
    main <- polished(as.formula(paste("y ~ g + v", strata)), have, case$ties)
    change <- 2 * (full$loglik[2] - main$loglik[2])
    df <- sum(!is.na(coef(full))) - sum(!is.na(coef(main)))
    levels <- lapply(levels(have$v), function(level) {
      part <- have[have$v == level, ]
      if (length(unique(part$g)) < 2) {
        return(list(n = nrow(part), events = sum(part$y[, 2]), coef = NA, se = NA, median = NA))
      }
      fit <- polished(as.formula(paste("y ~ g", strata)), part, case$ties)
      middle <- quantile(survfit(y ~ g, part), 0.5, conf.int = FALSE)
      list(n = nrow(part), events = sum(part$y[, 2]), coef = I(unname(coef(fit))),
           se = I(unname(sqrt(diag(vcov(fit))))), median = I(unname(middle[, 1])))
    })
    list(variable = name, statistic = change, df = df,
         p_value = pchisq(change, df, lower.tail = FALSE), levels = levels)
  })
  c(case[c("table", "time", "event", "event_is", "by", "ties")],
    list(strata = if (is.null(case$strata)) NA else case$strata, variables = variables))
}

answer <- list(
  about = "Written by subgroups_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival"))),
  cases = lapply(CASES, one, arguments[1])
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = FALSE)
