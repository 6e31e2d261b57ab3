# Several cutoffs of one marker, and two markers: R's survdiff, coxph and survfit of the same
# groups, and the largest statistic T over all pairs of cutoffs by a loop in R.
#
# How to run it (R >= 4.2 with survival, exactRankTests, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/several_reference.R FOLDER tests/reference/several_reference.json
#
# T is the quadratic form of the linear rank statistic with its permutation covariance (a
# generalised inverse by the eigenvectors), not the short formula of core.pair_search.

suppressPackageStartupMessages({
  library(survival)
  library(exactRankTests)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

EXACT <- coxph.control(eps = 1e-14, iter.max = 50, toler.chol = 1e-15)

loaded <- function(case, columns) {
  data <- read.csv(file.path(arguments[1], case$table))
  columns <- c(case$time, case$event, columns)
  stopifnot(all(columns %in% names(data)))
  data <- data[complete.cases(data[columns]), ]
  data$y <- Surv(data[[case$time]], data[[case$event]] == case$event_is)
  data
}

quadratic <- function(scores, group) {
  n <- length(scores)
  x <- outer(group, sort(unique(group)), "==") * 1
  linear <- drop(crossprod(x, scores))
  v <- sum((scores - mean(scores))^2) / n
  m <- colSums(x)
  covariance <- v * n / (n - 1) * (diag(m) - tcrossprod(m) / n)
  e <- eigen(covariance, symmetric = TRUE)
  keep <- e$values > max(e$values) * 1e-10
  inverse <- e$vectors[, keep, drop = FALSE] %*%
    (t(e$vectors[, keep, drop = FALSE]) / e$values[keep])
  d <- linear - mean(scores) * m
  drop(t(d) %*% inverse %*% d)
}

compared <- function(y, group, ties) {
  test <- survdiff(y ~ group)
  weight <- seq_along(test$n)
  score <- test$obs - test$exp
  cox <- summary(coxph(y ~ factor(group), ties = ties, control = EXACT))$coefficients
  fit <- summary(survfit(y ~ group))$table
  list(
    n = as.vector(test$n), events = as.vector(test$obs), chisq = test$chisq,
    trend = sum(weight * score)^2 / drop(t(weight) %*% test$var %*% weight),
    coef = as.vector(cox[, "coef"]), se = as.vector(cox[, "se(coef)"]),
    median = as.vector(fit[, "median"])
  )
}

PAIRS <- list(
  list(table = "gbsg2.csv", time = "time", event = "cens", event_is = 1, x = "age", ties = "efron",
       min_fraction = 0.1),
  list(table = "gbsg2.csv", time = "time", event = "cens", event_is = 1, x = "pnodes",
       ties = "breslow", min_fraction = 0.15),
  list(table = "whas500.csv", time = "lenfol", event = "fstat", event_is = 1, x = "age",
       ties = "efron", min_fraction = 0.2),
  list(table = "rossi.csv", time = "week", event = "arrest", event_is = 1, x = "prio",
       ties = "efron", min_fraction = 0.05)
)

pair <- function(case) {
  data <- loaded(case, case$x)
  x <- data[[case$x]]
  n <- length(x)
  scores <- cscores(data$y, type = "LogRank")
  least <- max(1, floor(n * case$min_fraction))
  at <- sort(unique(x))[-1]
  largest <- -1
  tried <- 0
  for (low in at) for (high in at[at > low]) {
    group <- (x >= low) + (x >= high)
    if (min(tabulate(group + 1, 3)) < least) next
    tried <- tried + 1
    # For speed the short formula; the largest one is computed again as a quadratic form.
    s <- tapply(scores - mean(scores), group, sum)
    t <- (n - 1) / sum((scores - mean(scores))^2) * sum(s^2 / table(group))
    if (t > largest * (1 + 1e-10)) {
      largest <- t
      best <- c(low, high)
    }
  }
  groups <- function(cuts) rowSums(outer(x, cuts, ">="))
  thirds <- unname(quantile(x, 1:2 / 3))
  quarters <- unname(quantile(x, 1:3 / 4))
  c(case, list(
    thresholds = best, pairs = tried, statistic = quadratic(scores, groups(best)),
    best = compared(data$y, groups(best), case$ties), tertiles_at = thirds,
    tertiles = compared(data$y, groups(unique(thirds)), case$ties), quartiles_at = quarters,
    quartiles = compared(data$y, groups(unique(quarters)), case$ties)
  ))
}

MAPS <- list(
  list(table = "gbsg2.csv", time = "time", event = "cens", event_is = 1, x = "progrec",
       y = "estrec", ties = "efron", min_fraction = 0.1),
  list(table = "gbsg2.csv", time = "time", event = "cens", event_is = 1, x = "age", y = "pnodes",
       ties = "breslow", min_fraction = 0.2),
  list(table = "whas500.csv", time = "lenfol", event = "fstat", event_is = 1, x = "bmi", y = "age",
       ties = "efron", min_fraction = 0.1)
)

cell <- function(data, case, first, second, combine, scores) {
  x <- data[[case$x]] >= first
  y <- data[[case$y]] >= second
  high <- if (combine == "both") x & y else x | y
  n <- length(high)
  events <- data$y[, "status"]
  if (all(x) || all(y) || min(sum(events[high]), sum(events[!high])) < 5) return(NULL)
  cox <- summary(coxph(data$y ~ high, ties = case$ties, control = EXACT))$coefficients
  centred <- scores - mean(scores)
  m <- sum(high)
  list(
    first = first, second = second, combine = combine, n = m, events = sum(events[high]),
    chisq = survdiff(data$y ~ high)$chisq, coef = cox[1, "coef"], se = cox[1, "se(coef)"],
    maxstat = abs(sum(centred[high])) / sqrt(m * (n - m) / (n * (n - 1)) * sum(centred^2))
  )
}

map <- function(case) {
  data <- loaded(case, c(case$x, case$y))
  scores <- cscores(data$y, type = "LogRank")
  cells <- list()
  for (p in c(0.3, 0.5, 0.7)) for (q in c(0.25, 0.6)) for (combine in c("both", "either")) {
    first <- unname(quantile(data[[case$x]], p, type = 3))
    second <- unname(quantile(data[[case$y]], q, type = 3))
    cells <- c(cells, list(cell(data, case, first, second, combine, scores)))
  }
  cells <- Filter(Negate(is.null), cells)
  middle <- c(median(data[[case$x]]), median(data[[case$y]]))
  four <- 2 * (data[[case$x]] >= middle[1]) + (data[[case$y]] >= middle[2])
  c(case, list(cells = cells, medians = middle, four = compared(data$y, four, case$ties)))
}

answer <- list(
  about = "Written by several_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival")),
                  exactRankTests = as.character(packageVersion("exactRankTests"))),
  pairs = lapply(PAIRS, pair),
  maps = lapply(MAPS, map)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = TRUE)
