# The continuous view by R: restricted cubic splines in Cox models, tests, and what cutting costs.
#
# How to run it (R >= 4.2 with survival, rms, jsonlite; Debian: r-cran-rms):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/continuous_reference.R FOLDER tests/reference/continuous_reference.json
#
# The basis is Hmisc's rcspline.eval at R's own quantiles. Standard errors of the curve are checked
# here against rms::contrast, which takes another road; rms stops earlier than coxph does here, so
# that check is at 1e-5. `cuts` are cutoffs with >= for the upper group; without them the median.

suppressPackageStartupMessages({
  library(survival)
  library(rms)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

case <- function(table, time, event, x, ..., entry = NULL, strata = NULL, ties = "efron",
                 cuts = NULL, rows = NULL, level = 0.95) {
  list(table = table, time = time, event = event, x = x, entry = entry, strata = strata,
       ties = ties, cuts = cuts, rows = rows, level = level)
}

CASES <- list(
  case("gbsg2.csv", "time", "cens", "age"),
  case("gbsg2.csv", "time", "cens", "pnodes", cuts = 4),
  case("gbsg2.csv", "time", "cens", "progrec", cuts = c(20, 100), level = 0.9),
  case("gbsg2.csv", "time", "cens", "tsize", strata = "horTh", cuts = 20),
  case("gbsg2.csv", "time", "cens", "age", rows = 60),
  case("lung.csv", "time", "status", "age"),
  case("veterans.csv", "Survival_in_days", "Status", "Karnofsky_score", ties = "breslow"),
  case("veterans.csv", "Survival_in_days", "Status", "Age_in_years", cuts = 65, rows = 40),
  case("whas500.csv", "lenfol", "fstat", "bmi", cuts = c(22, 26, 30)),
  case("rossi.csv", "week", "arrest", "prio", cuts = 2),
  case("delayed_entry.csv", "exit", "event", "dose", entry = "entry", strata = "site", cuts = 33),
  case("delayed_entry.csv", "exit", "event", "dose", entry = "entry", ties = "breslow"),
  case("heavy_ties.csv", "time", "event", "count", cuts = 4)
)

one <- function(asked) {
  data <- read.csv(file.path(arguments[1], asked$table))
  columns <- c(asked$time, asked$event, asked$x, asked$entry, asked$strata)
  stopifnot(all(columns %in% names(data)))
  data <- data[complete.cases(data[columns]), ]
  if (!is.null(asked$rows)) data <- data[seq_len(asked$rows), ]
  x <- as.numeric(data[[asked$x]])
  dead <- data[[asked$event]] == 1
  y <- if (is.null(asked$entry)) Surv(data[[asked$time]], dead)
       else Surv(data[[asked$entry]], data[[asked$time]], dead)
  s <- if (is.null(asked$strata)) rep(1, length(x)) else data[[asked$strata]]
  tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
  fitted <- function(m) coxph(y ~ m + strata(s), ties = asked$ties, control = tight)
  lr <- function(fit) 2 * diff(fit$loglik)
  chisq <- function(value, df) list(statistic = value, df = df,
                                    p_value = pchisq(value, df, lower.tail = FALSE))
  way <- function(name, fit) list(
    name = name, log_likelihood = fit$loglik[2], test = chisq(lr(fit), length(coef(fit))),
    aic = AIC(fit), concordance = unname(concordance(fit)$concordance)
  )

  at_4 <- quantile(x, c(0.05, 0.35, 0.65, 0.95), names = FALSE)
  knots <- if (sum(dead) >= 30 && !anyDuplicated(at_4)) at_4
           else quantile(x, c(0.1, 0.5, 0.9), names = FALSE)
  stopifnot(!anyDuplicated(knots))
  columns_at <- function(v) rcspline.eval(v, knots = knots, inclx = TRUE)
  line <- fitted(x)
  curve <- fitted(columns_at(x))
  median_x <- median(x)
  at <- seq(quantile(x, 0.01, names = FALSE), quantile(x, 0.99, names = FALSE), length.out = 23)
  apart <- sweep(columns_at(at), 2, columns_at(c(median_x, at))[1, ])
  coefs <- drop(apart %*% coef(curve))
  error <- sqrt(rowSums((apart %*% vcov(curve)) * apart))

  # The same curve by rms.
  seen <- data.frame(x = x, s = factor(s))
  described <- datadist(seen)
  for (name in c("described", "knots", "y")) assign(name, get(name), envir = globalenv())
  options(datadist = "described")
  other <- if (is.null(asked$strata)) cph(y ~ rcs(x, knots), data = seen,
                                          method = asked$ties, eps = 1e-10, tol = 1e-12)
           else cph(y ~ rcs(x, knots) + strat(s), data = seen, method = asked$ties,
                    eps = 1e-10, tol = 1e-12)
  against <- rms::contrast(other, list(x = at), list(x = median_x))
  stopifnot(all.equal(unname(against$Contrast), coefs, tolerance = 1e-5),
            all.equal(unname(against$SE), error, tolerance = 1e-5))

  further <- seq_along(coef(curve))[-1]
  wald <- function(i) {
    b <- coef(curve)[i]
    chisq(drop(b %*% solve(vcov(curve)[i, i, drop = FALSE], b, tol = 1e-30)), length(i))
  }
  cuts <- if (is.null(asked$cuts)) median_x else asked$cuts
  group <- findInterval(x, cuts)
  step <- fitted(model.matrix(~ factor(group))[, -1, drop = FALSE])
  level_of <- c(0, unname(coef(step)))
  whole <- drop(sweep(columns_at(x), 2, columns_at(c(median_x, x))[1, ]) %*% coef(curve))
  level_of <- level_of - mean(level_of[group + 1]) + mean(whole)
  ways <- list(way("linear", line), way("spline", curve), way("cutoff", step))
  upper <- as.numeric(x >= median_x)
  if (length(cuts) > 1 || any(upper != group)) ways <- c(ways, list(way("median", fitted(upper))))
  row <- function(unit) {
    s <- summary(fitted(x / unit), conf.int = asked$level)
    list(coef = s$coefficients[1, 1], std_error = s$coefficients[1, 3],
         hazard_ratio = s$conf.int[1, 1], conf_low = s$conf.int[1, 3],
         conf_high = s$conf.int[1, 4], p_value = s$coefficients[1, 5])
  }
  z <- qnorm(1 - (1 - asked$level) / 2)
  list(asked = asked, expect = list(
    n = length(x), events = sum(dead), reference = median_x, knots = knots, at = at, coef = coefs,
    std_error = error, hazard_ratio = exp(coefs), conf_low = exp(coefs - z * error),
    conf_high = exp(coefs + z * error), steps = level_of,
    step_n = as.vector(table(group)), step_events = as.vector(tapply(dead, group, sum)),
    overall = chisq(lr(curve), length(coef(curve))), overall_wald = wald(seq_along(coef(curve))),
    nonlinearity = chisq(2 * (curve$loglik[2] - line$loglik[2]), length(further)),
    nonlinearity_wald = wald(further), per_unit = row(1), per_sd = row(sd(x)), sd = sd(x),
    ways = ways
  ))
}

answer <- list(
  about = "Written by continuous_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival")),
                  rms = as.character(packageVersion("rms"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", null = "null",
           pretty = TRUE)
