# The search in bootstrap samples and in cross-validation, by R's maxstat and survival.
#
# How to run it (R >= 4.2 with survival, maxstat, exactRankTests, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/stability_reference.R FOLDER tests/reference/stability_reference.json
#
# No random number of R is used. Who is drawn comes from the generator of Park and Miller (exact in
# doubles), who is in which part from his row, so that Python makes the same samples. A hazard ratio
# beyond exp(8) is not finite and stored as null.

suppressPackageStartupMessages({
  library(survival)
  library(maxstat)
  library(exactRankTests)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
SAMPLES <- 12
CLOSE <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)

CASES <- list(
  list("gbsg2.csv", "time", "cens", 1, "age", 0.1, 686, "efron"),
  list("gbsg2.csv", "time", "cens", 1, "tsize", 0.1, 70, "breslow"),
  list("gbsg2.csv", "time", "cens", 1, "estrec", 0.1, 27, "efron"),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Karnofsky_score", 0.1, 137, "efron"),
  list("rossi.csv", "week", "arrest", 1, "prio", 0.2, 200, "efron"),
  list("whas500.csv", "lenfol", "fstat", 1, "bmi", 0.1, 100, "breslow"),
  list("heavy_ties.csv", "time", "event", 1, "count", 0.1, 1000, "efron")
)

state <- 1
draw <- function(n) {
  rows <- integer(n)
  for (i in seq_len(n)) {
    state <<- (state * 16807) %% 2147483647
    rows[i] <- state %% n + 1
  }
  rows
}

searched <- function(data, fraction) {
  y <- Surv(data$time, data$event)
  found <- maxstat(y, data$x, smethod = "LogRank", pmethod = "none", minprop = fraction,
                   maxprop = 1 - fraction)
  low <- data$x <= unname(found$estimate)
  scores <- cscores(y, type = "LogRank")
  list(cut = unname(found$estimate), statistic = unname(found$statistic),
       low_is_worse = sum(scores[low]) > mean(low) * sum(scores))
}

coefficient <- function(data, group, ties) {
  if (length(unique(group)) < 2) return(NA)
  fit <- suppressWarnings(coxph(Surv(time, event) ~ group, data, ties = ties, control = CLOSE))
  if (is.na(coef(fit)) || abs(coef(fit)) > 8) NA else unname(coef(fit))
}

one <- function(case) {
  names(case) <- c("table", "time", "event", "event_is", "x", "min_fraction", "rows", "ties")
  data <- read.csv(file.path(arguments[1], case$table))[c(case$time, case$event, case$x)]
  names(data) <- c("time", "event", "x")
  data <- data[complete.cases(data), ]
  data <- data[seq_len(min(nrow(data), case$rows)), ]
  data$event <- data$event == case$event_is
  n <- nrow(data)
  state <<- 1
  samples <- lapply(seq_len(SAMPLES), function(b) {
    rows <- draw(n)
    found <- searched(data[rows, ], case$min_fraction)
    left <- data[-unique(rows), ]
    c(found, list(
      above = min(data$x[rows][data$x[rows] > found$cut]),
      coef = coefficient(data[rows, ], data$x[rows] > found$cut, case$ties),
      coef_left = coefficient(left, left$x > found$cut, case$ties)
    ))
  })
  parts <- if (n <= 30) n else 10
  fold <- (seq_len(n) * 7) %% parts
  worse <- rep(NA, n)
  for (k in unique(fold)) {
    found <- searched(data[fold != k, ], case$min_fraction)
    worse[fold == k] <- (data$x[fold == k] <= found$cut) == found$low_is_worse
  }
  test <- survdiff(Surv(time, event) ~ worse, data)
  fit <- coxph(Surv(time, event) ~ worse, data, ties = case$ties, control = CLOSE)
  c(case, list(
    n = n, samples = samples, parts = parts, worse = I(as.integer(worse)), chisq = test$chisq,
    sign = sign(test$obs[2] - test$exp[2]), coef = unname(coef(fit)), se = sqrt(vcov(fit)[1])
  ))
}

answer <- list(
  about = "Written by stability_reference.R; do not edit.",
  versions = list(
    R = as.character(getRversion()), maxstat = as.character(packageVersion("maxstat")),
    survival = as.character(packageVersion("survival"))
  ),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = TRUE)
