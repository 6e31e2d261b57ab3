# Every admissible cutoff of a marker, by the survival package: log-rank test, Cox model, medians.
#
# How to run it (R >= 4.2 with survival, maxstat, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/scan_reference.R FOLDER TABLES tests/reference/scan_reference.json
#
# TABLES is the folder of public tables that are not in this repository, one folder a source; of
# these only the numbers are stored.
#
# The cutoffs are those of maxstat. A median is the one of quantile(survfit), R's rule.

suppressPackageStartupMessages({
  library(survival)
  library(maxstat)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 3)

CASES <- list(
  list("gbsg2.csv", "time", "cens", 1, "age", 0.1, "efron"),
  list("gbsg2.csv", "time", "cens", 1, "progrec", 0.3, "efron"),
  list("gbsg2.csv", "time", "cens", 1, "tsize", 0.1, "breslow"),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Karnofsky_score", 0.05, "efron"),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Age_in_years", 0.1, "breslow"),
  list("rossi.csv", "week", "arrest", 1, "prio", 0.1, "efron"),
  list("spss72.csv", "time", "status", 1, "age", 0.02, "efron"),
  list("larynx.csv", "time", "death", 1, "age", 0.1, "efron"),
  list("aids.csv", "time", "censor", 1, "age", 0.1, "efron"),
  list("near_ties.csv", "months", "event", 1, "x", 0.05, "efron"),
  list("heavy_ties.csv", "time", "event", 1, "count", 0.05, "breslow")
)
SHARED <- list(
  list("nki70/nki70.csv", "time", "event", 1, "TSPYL5", 0.1, "efron"),
  list("r_survival/pbc.csv", "time", "status", 2, "bili", 0.1, "breslow"),
  list("r_survival/ovarian.csv", "futime", "fustat", 1, "age", 0.02, "efron"),
  list("rotterdam/rotterdam.csv", "dtime", "death", 1, "age", 0.1, "efron"),
  list("wpbc/wpbc.csv", "time", "status", "R", "mean_radius", 0.1, "efron")
)

one <- function(case, folder, shared) {
  names(case) <- c("table", "time", "event", "event_is", "x", "min_fraction", "ties")
  data <- read.csv(file.path(folder, case$table))
  data <- data[complete.cases(data[c(case$time, case$event, case$x)]), ]
  y <- Surv(data[[case$time]], data[[case$event]] == case$event_is)
  x <- data[[case$x]]
  cuts <- maxstat(y, x, smethod = "LogRank", pmethod = "none", minprop = case$min_fraction,
                  maxprop = 1 - case$min_fraction)$cuts
  at <- lapply(cuts, function(cut) {
    high <- x > cut
    control <- coxph.control(eps = 1e-11, iter.max = 50)
    fit <- suppressWarnings(coxph(y ~ high, ties = case$ties, control = control))
    # coxph stops when the log likelihood does, and with a smaller eps its rounding makes the steps
    # be halved for ever: the last digits of the estimate come from one more step.
    again <- suppressWarnings(coxph(y ~ high, ties = case$ties, control = control,
                                    init = fit$coef))
    fit$coef <- again$coef
    middle <- quantile(survfit(y ~ high), 0.5, conf.int = FALSE)
    finite <- is.finite(fit$coef) && fit$var[1] < 100
    list(chisq = survdiff(y ~ high)$chisq, n_low = sum(!high), events_low = sum(y[!high, 2]),
         coef = if (finite) unname(fit$coef) else NA,
         se = if (finite) sqrt(fit$var[1]) else NA,
         median_low = unname(middle[1, ]), median_high = unname(middle[2, ]))
  })
  columns <- names(at[[1]])
  c(case, list(shared = shared, cuts = cuts),
    setNames(lapply(columns, function(name) sapply(at, `[[`, name)), columns))
}

answer <- list(
  about = "Written by scan_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival"))),
  cases = c(lapply(CASES, one, arguments[1], FALSE), lapply(SHARED, one, arguments[2], TRUE))
)
write_json(answer, arguments[3], auto_unbox = TRUE, digits = NA, na = "null", pretty = FALSE)
