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
#
# A case may take the first rows only; `hl` is stored where R's number is finite, `permutation` is
# condMC with 99,999 permutations: it has a Monte Carlo error.

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
  list("larynx.csv", "time", "death", 1, "age", 0.15),
  list("gbsg2.csv", "time", "cens", 1, "progrec", 0.1, 30),
  list("gbsg2.csv", "time", "cens", 1, "tsize", 0.2, 27),
  list("gbsg2.csv", "time", "cens", 1, "age", 0.05, 60),
  list("gbsg2.csv", "time", "cens", 1, "estrec", 0.1, 120),
  list("whas500.csv", "lenfol", "fstat", 1, "bmi", 0.1, 45),
  list("whas500.csv", "lenfol", "fstat", 1, "age", 0.3, 20),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Karnofsky_score", 0.1, 70),
  list("rossi.csv", "week", "arrest", 1, "prio", 0.1, 50),
  list("aids.csv", "time", "censor", 1, "age", 0.1),
  list("aids.csv", "time", "censor", 1, "cd4", 0.1, 150),
  list("heavy_ties.csv", "time", "event", 1, "count", 0.1),
  list("rossi.csv", "week", "arrest", 1, "fin", 0.1, 60),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Karnofsky_score", 0.3, 30),
  list("gbsg2.csv", "time", "cens", 1, "progrec", 0, 24)
)
# maxstat loses the largest cutoff where minprop is 0: a fraction that rounds to no patient keeps it.
NONE <- 1e-9
B <- 99999

one <- function(case) {
  names(case) <- c("table", "time", "event", "event_is", "x", "min_fraction", "rows")[seq_along(case)]
  data <- read.csv(file.path(arguments[1], case$table))
  columns <- c(case$time, case$event, case$x)
  stopifnot(all(columns %in% names(data)))
  data <- data[complete.cases(data[columns]), ]
  if (!is.null(case$rows)) data <- data[seq_len(case$rows), ]
  y <- Surv(data[[case$time]], data[[case$event]] == case$event_is)
  x <- data[[case$x]]
  test <- function(method, ...) {
    least <- max(case$min_fraction, NONE)
    maxstat(y, x, smethod = "LogRank", pmethod = method, minprop = least, maxprop = 1 - least, ...)
  }
  set.seed(1)
  hl <- if (length(x) <= 170) unname(test("HL")$p.value) else NA
  found <- test("Lau92")
  cut <- unname(found$estimate)
  naive <- survdiff(y ~ (x > cut))
  lau92 <- maxstat:::pLausen92(unname(found$statistic), case$min_fraction, 1 - case$min_fraction)
  c(case, list(
    n = length(x), cutoff = cut, above = min(x[x > cut]), statistic = unname(found$statistic),
    candidates = length(found$cuts), cuts = I(found$cuts), stats = I(found$stats),
    hl = if (is.finite(hl)) hl else NA, permutation = test("condMC", B = B)$p.value,
    lau92 = min(lau92, 1), lau94 = min(test("Lau94")$p.value, 1),
    p_naive = pchisq(naive$chisq, 1, lower.tail = FALSE)
  ))
}

answer <- list(
  about = "Written by cutoff_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()), maxstat = as.character(packageVersion("maxstat"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = TRUE)
