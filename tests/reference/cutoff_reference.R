# Maximally selected log-rank statistics by R's maxstat: cutoffs, statistics and p-values.
#
# How to run it (R >= 4.2 with survival, maxstat, jsonlite; Debian: r-cran-maxstat):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/cutoff_reference.R FOLDER tests/reference/cutoff_reference.json
#
# A case also stores the statistic of every cutoff. maxstat computes the naive part of Lau94 as
# 1 - (Phi(b) - Phi(-b)), which loses its digits below 1e-15: `lau94` is accurate to 1e-15, not to
# eight digits, where it is so small.

suppressPackageStartupMessages({
  library(survival)
  library(maxstat)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

CASES <- list(
  list("gbsg2.csv", "time", "cens", 1, "age", 0.1),
  list("gbsg2.csv", "time", "cens", 1, "pnodes", 0.1),
  list("gbsg2.csv", "time", "cens", 1, "progrec", 0.1),
  list("gbsg2.csv", "time", "cens", 1, "tsize", 0.1),
  list("gbsg2.csv", "time", "cens", 1, "age", 0.25),
  list("gbsg2.csv", "time", "cens", 1, "estrec", 0.05),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Karnofsky_score", 0.1),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Age_in_years", 0.1),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Months_from_Diagnosis", 0.2),
  list("lung.csv", "time", "status", 1, "age", 0.1),
  list("whas500.csv", "lenfol", "fstat", 1, "age", 0.1),
  list("whas500.csv", "lenfol", "fstat", 1, "bmi", 0.1),
  list("rossi.csv", "week", "arrest", 1, "age", 0.1),
  list("rossi.csv", "week", "arrest", 1, "prio", 0.3),
  list("spss72.csv", "time", "status", 1, "age", 0.1),
  list("larynx.csv", "time", "death", 1, "age", 0.15)
)

one <- function(case) {
  names(case) <- c("table", "time", "event", "event_is", "x", "min_fraction")
  data <- read.csv(file.path(arguments[1], case$table))
  columns <- c(case$time, case$event, case$x)
  stopifnot(all(columns %in% names(data)))
  data <- data[complete.cases(data[columns]), ]
  y <- Surv(data[[case$time]], data[[case$event]] == case$event_is)
  x <- data[[case$x]]
  test <- function(method) {
    maxstat(y, x, smethod = "LogRank", pmethod = method, minprop = case$min_fraction,
            maxprop = 1 - case$min_fraction)
  }
  found <- test("Lau92")
  cut <- unname(found$estimate)
  naive <- survdiff(y ~ (x > cut))
  c(case, list(
    n = length(x), cutoff = cut, above = min(x[x > cut]), statistic = unname(found$statistic),
    candidates = length(found$cuts), cuts = found$cuts, stats = found$stats,
    lau92 = min(test("Lau92")$p.value, 1), lau94 = min(test("Lau94")$p.value, 1),
    p_naive = pchisq(naive$chisq, 1, lower.tail = FALSE)
  ))
}

answer <- list(
  about = "Written by cutoff_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()), maxstat = as.character(packageVersion("maxstat"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, pretty = TRUE)
