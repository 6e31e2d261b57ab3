# Competing risks by R's cmprsk and survival: cumulative incidence, Gray's test, Fine and Gray's
# model, cause-specific Cox models.
#
# How to run it (R >= 4.2 with survival, cmprsk, jsonlite):
#
#   Rscript tests/reference/competing_reference.R tests/reference/competing_reference.json
#
# The tables are stored with the numbers: two that come with R's survival, and two SYNTHETIC ones
# made by integer arithmetic (four groups, three strata and heavy ties; no ties at all). Status is 0
# for censored, 1 for the event and 2 for the competing one.

suppressPackageStartupMessages({
  library(survival)
  library(cmprsk)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 1)
CLOSE <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)

mgus <- with(mgus2, data.frame(
  time = ifelse(pstat == 1, ptime, futime), status = ifelse(pstat == 1, 1, 2 * death),
  group = as.integer(sex == "M"), stratum = as.integer(age >= 70), x = age
))
liver <- with(pbc[1:312, ], data.frame(
  time = time, status = status, group = trt - 1L, stratum = as.integer(edema > 0), x = log(bili)
))
i <- 1:150
tied <- data.frame(
  time = 1 + (i * 37) %% 23, status = (i * 7 + i %/% 5) %% 3, group = (i * i + i %/% 7) %% 4,
  stratum = (i * 11 + i %/% 3) %% 3, x = (i * 17) %% 29
)
i <- 1:97
apart <- data.frame(
  time = 1 + (i * 41) %% 97 + (i * 41) %% 97 %/% 9, status = (i * 5 + i %/% 4) %% 3,
  group = (i %/% 3) %% 2, stratum = i %% 2, x = (i * 13) %% 31
)

incidence <- function(d, times) {
  found <- cuminc(d$time, d$status, d$group, cencode = 0)
  at <- timepoints(found, times)
  z <- qnorm(0.975)
  rows <- list()
  for (name in rownames(at$est)) {
    part <- strsplit(name, " ")[[1]]
    f <- unname(at$est[name, ])
    v <- unname(at$var[name, ])
    wide <- z * sqrt(v) / (f * log(f))
    rows[[length(rows) + 1]] <- list(
      group = as.integer(part[1]), cause = as.integer(part[2]), estimate = f, variance = v,
      log_log_low = f^exp(-wide), log_log_high = f^exp(wide),
      log_low = f * exp(-z * sqrt(v) / f), plain_high = pmin(f + z * sqrt(v), 1)
    )
  }
  rows
}

gray <- function(d, strata = NULL) {
  found <- if (is.null(strata)) cuminc(d$time, d$status, d$group, cencode = 0) else
    cuminc(d$time, d$status, d$group, strata, cencode = 0)
  lapply(seq_len(nrow(found$Tests)), function(k)
    list(statistic = found$Tests[k, "stat"], p_value = found$Tests[k, "pv"],
         df = found$Tests[k, "df"]))
}

subdistribution <- function(d, columns) {
  lapply(1:2, function(cause) {
    x <- as.matrix(columns)
    m <- crr(d$time, d$status, x, failcode = cause, cencode = 0, gtol = 1e-12, maxiter = 100)
    # crr stops early: one more step of Newton's, and everything else at that point.
    m <- crr(d$time, d$status, x, failcode = cause, cencode = 0, maxiter = 0,
             init = m$coef + solve(m$inf, m$score))
    list(coef = unname(m$coef), std_error = unname(sqrt(diag(m$var))), log_likelihood = m$loglik,
         log_likelihood_null = m$loglik.null)
  })
}

cause_specific <- function(d, columns) {
  lapply(1:2, function(cause) {
    m <- coxph(Surv(d$time, d$status == cause) ~ as.matrix(columns), control = CLOSE)
    list(coef = unname(coef(m)), std_error = unname(sqrt(diag(vcov(m)))))
  })
}

# survival's finegray gives crr's coefficients where nobody is censored when somebody has an event;
# its own variance takes the weights as known and is not ours.
weighted <- function(d) {
  d$id <- seq_len(nrow(d))
  d$state <- factor(d$status, 0:2, c("censored", "event", "other"))
  long <- finegray(Surv(time, state) ~ group + x + id, data = d, etype = "event")
  m <- coxph(Surv(fgstart, fgstop, fgstatus) ~ group + x, weights = fgwt, data = long, id = id,
             ties = "breslow", control = CLOSE, robust = TRUE)
  unname(coef(m))
}

one <- function(name, d, times) {
  dummies <- sapply(sort(unique(d$group))[-1], function(g) as.numeric(d$group == g))
  list(
    name = name, times = times, table = as.list(d), incidence = incidence(d, times),
    gray = gray(d), gray_strata = gray(d, d$stratum),
    groups = subdistribution(d, dummies), terms = subdistribution(d, cbind(dummies, d$x)),
    cox_groups = cause_specific(d, dummies), cox_terms = cause_specific(d, cbind(dummies, d$x)),
    finegray = if (name == "apart") weighted(d) else NULL
  )
}

cases <- list(
  one("mgus2", mgus, c(60, 120, 240)),
  one("pbc", liver, c(1000, 2000, 4000)),
  one("tied", tied, c(3, 10, 20)),
  one("apart", apart, c(20, 50, 90))
)
about <- list(R = R.version.string, survival = as.character(packageVersion("survival")),
              cmprsk = as.character(packageVersion("cmprsk")))
write(toJSON(list(about = about, cases = cases), digits = NA, auto_unbox = TRUE, na = "null",
             null = "null"), arguments[1])
