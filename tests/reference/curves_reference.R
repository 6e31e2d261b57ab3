# Limits and quantiles of curves, survival at chosen times, restricted means, conditional survival
# and follow-up.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/curves_reference.R FOLDER tests/reference/curves_reference.json
#
# Curves, limits and quantiles are survfit's, restricted means those of survfit's summary table.
# Conditional survival is the curve of the patients at risk after the given time, who enter at it.
# Tests at a fixed time (Klein and others 2007) are written out from survfit's standard errors; the
# test of several groups as a quadratic form of contrasts. SPSS's quantiles follow methods B1 of
# survival_reference.R, at any level.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
invisible(Sys.setlocale("LC_COLLATE", "C"))

# table, time, event, value of the event, group, entry, times, tau, given
CASES <- list(
  list("lung.csv", "time", "status", 1, "sex", NA, c(180, 365, 730), 365, 180),
  list("gbsg2.csv", "time", "cens", 1, "tgrade", NA, c(365.25, 730.5, 1826.25), 1826.25, 365.25),
  list("veterans.csv", "Survival_in_days", "Status", 1, "Celltype", NA, c(30, 90, 180), 180, 30),
  list("leukemia.csv", "t", "status", 1, "Rx", NA, c(4, 8, 12, 22), 20, 6),
  list("larynx.csv", "time", "death", 1, "Stage_IV", NA, c(1, 2.5, 5), 4, 1.2),
  list("whas500.csv", "lenfol", "fstat", 1, "gender", NA, c(100, 1000, 2000), 2000, 365),
  list("spss72.csv", "time", "status", 1, "sex", NA, c(100, 250, 400), 500, 120),
  list("delayed_entry.csv", "exit", "event", 1, "arm", "entry", c(6, 12, 24), 24, 8)
)
SCALES <- c("log-log", "log", "plain", "arcsin")
QUARTERS <- c(0.25, 0.5, 0.75)

spss <- function(fit, p) {
  at_event <- fit$n.event > 0
  time <- c(0, fit$time[at_event])
  surv <- c(1, fit$surv[at_event])
  fuzz <- sqrt(.Machine$double.eps)
  first <- which(surv <= 1 - p + fuzz)[1]
  lower <- which(surv <= 1 - p - 0.05 + fuzz)[1]
  upper <- max(which(surv >= 1 - p + 0.05 - fuzz))
  if (is.na(first) || is.na(lower)) return(c(time[first], NA))
  density <- (surv[upper] - surv[lower]) / (time[lower] - time[upper])
  c(time[first], (fit$std.err * fit$surv)[at_event][first - 1] / density)
}

quarters <- function(y, scale) {
  found <- quantile(survfit(y ~ 1, conf.type = scale), QUARTERS)
  lapply(found, unname)
}

of_group <- function(case, d) {
  y <- Surv(d$entry, d$time, d$event)
  fit <- survfit(y ~ 1)
  read <- summary(fit, times = case$at, extend = TRUE)
  later <- d[d$time > case$given, ]
  enter <- pmax(later$entry, case$given)
  times <- case$at[case$at > case$given]
  conditional <- lapply(setNames(SCALES, SCALES), function(scale) {
    fit <- survfit(Surv(enter, later$time, later$event) ~ 1, conf.type = scale)
    found <- summary(fit, times = times, extend = TRUE)
    list(estimate = found$surv, std_error = found$std.err, low = found$lower, high = found$upper)
  })
  by_scale <- lapply(setNames(SCALES, SCALES), function(scale) {
    found <- summary(survfit(y ~ 1, conf.type = scale), times = case$at, extend = TRUE)
    list(low = found$lower, high = found$upper)
  })
  mean <- survival:::survmean(fit, rmean = case$tau)$matrix
  list(
    n = nrow(d), events = sum(d$event), last = max(d$time), estimate = read$surv,
    std_error = read$std.err, n_risk = read$n.risk, limits = by_scale,
    quartiles = lapply(setNames(SCALES, SCALES), function(scale) quarters(y, scale)),
    spss = lapply(QUARTERS, function(p) spss(fit, p)),
    rmst = unname(mean[5]), rmst_se = unname(mean[6]),
    n_given = sum(later$entry <= case$given), conditional = conditional,
    reverse = lapply(setNames(SCALES, SCALES), function(scale) {
      quarters(Surv(d$entry, d$time, 1 - d$event), scale)
    }),
    observed = unname(quantile(d$time, c(0, 0.25, 0.5, 0.75, 1))),
    censored = unname(quantile(d$time[d$event == 0], c(0, 0.25, 0.5, 0.75, 1))),
    known = sapply(case$at, function(t) sum(d$time >= t | d$event == 1))
  )
}

against <- function(case, first, other) {
  z <- qnorm(0.975)
  error <- sqrt(first$std_error^2 + other$std_error^2)
  difference <- other$estimate - first$estimate
  slope <- function(g) g$std_error / (g$estimate * abs(log(g$estimate)))
  turned <- log(-log(first$estimate)) - log(-log(other$estimate))
  log_log <- turned / sqrt(slope(first)^2 + slope(other)^2)
  mean_error <- sqrt(first$rmst_se^2 + other$rmst_se^2)
  ratio <- other$rmst / first$rmst
  ratio_error <- sqrt((first$rmst_se / first$rmst)^2 + (other$rmst_se / other$rmst)^2)
  list(
    difference = difference, std_error = error, low = difference - z * error,
    high = difference + z * error, z = difference / error,
    p = 2 * pnorm(-abs(difference / error)), z_log_log = log_log,
    p_log_log = 2 * pnorm(-abs(log_log)),
    rmst = c(other$rmst - first$rmst, mean_error,
             other$rmst - first$rmst + c(-1, 1) * z * mean_error,
             2 * pnorm(-abs(other$rmst - first$rmst) / mean_error)),
    ratio = c(ratio, ratio_error, ratio * exp(c(-1, 1) * z * ratio_error),
              2 * pnorm(-abs(log(ratio)) / ratio_error))
  )
}

together <- function(case, groups) {
  form <- function(value, variance) {
    contrast <- cbind(-1, diag(length(value) - 1))
    d <- contrast %*% value
    drop(t(d) %*% solve(contrast %*% diag(variance) %*% t(contrast)) %*% d)
  }
  lapply(seq_along(case$at), function(i) {
    s <- sapply(groups, function(g) g$estimate[i])
    se <- sapply(groups, function(g) g$std_error[i])
    if (any(s == 0 | s == 1)) return(list(plain = NA, log_log = NA))
    list(plain = form(s, se^2), log_log = form(log(-log(s)), (se / (s * log(s)))^2))
  })
}

one <- function(case) {
  names(case) <- c("table", "time", "event", "event_is", "group", "entry", "at", "tau", "given")
  raw <- read.csv(file.path(arguments[1], case$table), check.names = FALSE)
  d <- data.frame(time = raw[[case$time]], event = as.numeric(raw[[case$event]] == case$event_is),
                  group = as.character(raw[[case$group]]))
  d$entry <- if (is.na(case$entry)) 0 else raw[[case$entry]]
  d <- d[complete.cases(d) & d$time > d$entry, ]
  groups <- lapply(split(d, d$group), function(part) of_group(case, part))
  c(case, list(
    groups = groups, all = of_group(case, d),
    against = lapply(groups[-1], function(other) against(case, groups[[1]], other)),
    together = together(case, groups)
  ))
}

answer <- list(
  about = "Written by curves_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = TRUE)
