# Patients and centres left out, by R: survdiff, coxph and maxstat on what is left.
#
# How to run it (R >= 4.2 with survival, maxstat, jsonlite; Debian: r-cran-maxstat):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/robustness_reference.R FOLDER tests/reference/robustness_reference.json
#
# `cut` NA: the groups are the two values of x; else x > cut is the high group. Of each patient left
# out, the hazard ratio of the high group and the log-rank chi-square. `removed` is the number of
# patients whose removal takes p across 0.05, each time the one who moves the chi-square most
# (`chisq_removed`: the chi-square after each of them), NA if a quarter or 50 do not suffice.

suppressPackageStartupMessages({
  library(survival)
  library(maxstat)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

CASES <- list(
  list("lung.csv", "time", "status", "age", 65, "efron", "inst"),
  list("lung.csv", "time", "status", "sex", NA, "efron", "inst"),
  list("veterans.csv", "Survival_in_days", "Status", "Karnofsky_score", 60, "breslow", "Celltype"),
  list("rossi.csv", "week", "arrest", "age", 23, "efron", "mar"),
  list("rossi.csv", "week", "arrest", "prio", 2, "breslow", NA)
)

chisq <- function(y, high) {
  if (length(unique(high)) < 2) return(NA)
  tryCatch(survdiff(y ~ high)$chisq, error = function(e) NA)
}

cox <- function(y, high, ties) {
  fit <- coxph(y ~ high, ties = ties, control = coxph.control(eps = 1e-14, iter.max = 60))
  list(hazard_ratio = unname(exp(coef(fit))), std_error = sqrt(vcov(fit)[1, 1]))
}

greedy <- function(y, high) {
  line <- qchisq(0.95, 1)
  above <- chisq(y, high) > line
  rows <- seq_along(high)
  path <- c()
  for (step in seq_len(min(50, length(high) %/% 4))) {
    left <- sapply(seq_along(rows), function(i) chisq(y[rows[-i]], high[rows[-i]]))
    i <- if (above) which.min(left) else which.max(left)
    path <- c(path, left[i])
    rows <- rows[-i]
    if ((left[i] > line) != above) return(list(removed = step, chisq_removed = path))
  }
  list(removed = NA, chisq_removed = path)
}

one <- function(case) {
  names(case) <- c("table", "time", "event", "x", "cut", "ties", "centre")
  data <- read.csv(file.path(arguments[1], case$table))
  columns <- c(case$time, case$event, case$x)
  stopifnot(all(columns %in% names(data)), is.na(case$centre) || case$centre %in% names(data))
  data <- data[complete.cases(data[columns]), ]
  y <- Surv(data[[case$time]], data[[case$event]] == 1)
  x <- data[[case$x]]
  high <- if (is.na(case$cut)) x == max(x) else x > case$cut
  n <- length(high)
  without <- lapply(seq_len(n), function(i) cox(y[-i], high[-i], case$ties)$hazard_ratio)
  centres <- list()
  if (!is.na(case$centre)) {
    centre <- as.character(data[[case$centre]])
    for (level in sort(unique(centre[!is.na(centre)]))) {
      rest <- is.na(centre) | centre != level
      fit <- cox(y[rest], high[rest], case$ties)
      best <- if (is.na(case$cut)) NA else {
        unname(maxstat(y[rest], x[rest], smethod = "LogRank", pmethod = "none", minprop = 0.1,
                       maxprop = 0.9)$estimate)
      }
      centres[[length(centres) + 1]] <- c(
        list(centre = level, n = sum(rest), chisq = chisq(y[rest], high[rest]), best = best), fit
      )
    }
  }
  c(case, list(
    n = n, without_hazard_ratio = unlist(without),
    without_chisq = sapply(seq_len(n), function(i) chisq(y[-i], high[-i])), centres = centres
  ), greedy(y, high))
}

answer <- list(
  about = "Written by robustness_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = TRUE)
