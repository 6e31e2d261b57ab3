# Firth's penalised partial likelihood by a second road: R's coxph only evaluates the likelihood.
#
# How to run it (R >= 4.2 with survival and jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/firth_reference.R FOLDER tests/reference/firth_reference.json
#
# coxph with iter.max = 0 gives log likelihood and information at any coefficients, with Efron's or
# Breslow's ties, strata and delayed entry. The penalised likelihood is maximised by Newton's method
# on numerical derivatives, limits are found by uniroot on the profile. Nothing is shared with core/,
# and no gradient of log|I| is used. Expect six digits.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

penalised <- function(case) {
  function(beta) {
    fit <- suppressWarnings(coxph(case$formula, case$data, init = beta, ties = case$ties,
                                  control = coxph.control(iter.max = 0)))
    fit$loglik[length(fit$loglik)] - 0.5 * as.numeric(determinant(fit$var)$modulus)
  }
}

gradient <- function(f, x, h) {
  vapply(seq_along(x), function(k) {
    e <- replace(numeric(length(x)), k, h[k])
    (8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * h[k])
  }, 0)
}

climb <- function(f, start, h, rounds = 12) {
  x <- start
  for (i in seq_len(rounds)) {
    g <- gradient(f, x, h)
    hessian <- vapply(seq_along(x), function(k) {
      e <- replace(numeric(length(x)), k, h[k])
      (gradient(f, x + e, h) - gradient(f, x - e, h)) / (2 * h[k])
    }, numeric(length(x)))
    step <- -solve(matrix(hessian, length(x)), g)
    while (f(x + step) < f(x) - 1e-10) step <- step / 2
    x <- x + step
    if (max(abs(step) / h) < 1e-5) break
  }
  x
}

one <- function(case) {
  f <- penalised(case)
  p <- case$p
  scale <- sqrt(diag(coxph(case$formula, case$data, init = numeric(p), ties = case$ties,
                           control = coxph.control(iter.max = 0))$var))
  h <- scale * 3e-3
  beta <- climb(f, numeric(p), h)
  top <- f(beta)
  error <- sqrt(diag(coxph(case$formula, case$data, init = beta, ties = case$ties,
                           control = coxph.control(iter.max = 0))$var))
  profile <- function(k, held) {
    if (p == 1) return(f(held))
    whole <- function(rest) f(append(rest, held, k - 1))
    whole(climb(whole, beta[-k], h[-k]))
  }
  root <- function(k, held) sqrt(2 * max(top - profile(k, held), 0)) - qnorm(0.975)
  limit <- function(k, side) {
    far <- beta[k] + side * 2 * error[k]
    while (root(k, far) < 0) far <- far + side * error[k]
    uniroot(function(held) root(k, held), sort(c(beta[k], far)), tol = 1e-9 * error[k])$root
  }
  change <- 2 * vapply(seq_len(p), function(k) top - profile(k, 0), 0)
  list(
    name = case$name, table = case$table, query = case$query,
    coef = I(beta), std_error = I(error),
    low = I(vapply(seq_len(p), limit, 0, side = -1)),
    high = I(vapply(seq_len(p), limit, 0, side = 1)),
    p_value = I(pchisq(change, 1, lower.tail = FALSE)),
    log_likelihood = top, lr = 2 * (top - f(numeric(p)))
  )
}

table <- function(name) read.csv(file.path(arguments[1], name))
LUNG <- na.omit(table("lung.csv")[c("time", "status", "age", "sex", "ph.ecog")])
TOY <- table("separation.csv")
LATE <- table("delayed_entry.csv")
TIES <- table("heavy_ties.csv")
TOY$marker <- factor(TOY$marker)
VETERANS <- table("veterans.csv")
WHAS <- table("whas500.csv")

CASES <- list(
  list(name = "lung_efron", table = "lung.csv", p = 3, data = LUNG, ties = "efron",
       formula = Surv(time, status) ~ age + sex + ph.ecog,
       query = "time=time&unit=days&event=status&event_is=1&terms=age,sex,ph.ecog"),
  list(name = "lung_breslow", table = "lung.csv", p = 3, data = LUNG, ties = "breslow",
       formula = Surv(time, status) ~ age + sex + ph.ecog,
       query = "time=time&unit=days&event=status&event_is=1&ties=breslow&terms=age,sex,ph.ecog"),
  list(name = "veterans_strata", table = "veterans.csv", p = 2, data = VETERANS, ties = "efron",
       formula = Surv(Survival_in_days, Status) ~ Karnofsky_score + is_test + strata(is_prior),
       query = paste0("time=Survival_in_days&unit=days&event=Status&event_is=1&strata=is_prior&",
                      "terms=Karnofsky_score,is_test")),
  list(name = "whas_one_term", table = "whas500.csv", p = 1, data = WHAS, ties = "efron",
       formula = Surv(lenfol, fstat) ~ bmi,
       query = "time=lenfol&unit=days&event=fstat&event_is=1&terms=bmi"),
  list(name = "separated_level", table = "separation.csv", p = 3, data = TOY, ties = "efron",
       formula = Surv(time, event) ~ relevel(marker, "high") + age,
       query = "time=time&unit=months&event=event&event_is=1&terms=marker,age"),
  list(name = "delayed_entry", table = "delayed_entry.csv", p = 2, data = LATE, ties = "efron",
       formula = Surv(entry, exit, event) ~ arm + dose,
       query = "time=exit&entry=entry&unit=months&event=event&event_is=1&terms=arm,dose"),
  list(name = "delayed_entry_strata", table = "delayed_entry.csv", p = 2, data = LATE,
       ties = "breslow", formula = Surv(entry, exit, event) ~ arm + dose + strata(site),
       query = paste0("time=exit&entry=entry&unit=months&event=event&event_is=1&ties=breslow&",
                      "strata=site&terms=arm,dose")),
  list(name = "heavy_ties", table = "heavy_ties.csv", p = 3, data = TIES, ties = "efron",
       formula = Surv(time, event) ~ grade + treated,
       query = "time=time&unit=months&event=event&event_is=1&terms=grade,treated")
)

answer <- list(
  about = "Written by firth_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  survival = as.character(packageVersion("survival"))),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, pretty = TRUE)
