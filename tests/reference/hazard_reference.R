# Parametric models, cumulative and smoothed hazards.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/hazard_reference.R FOLDER tests/reference/hazard_reference.json
#
# Exponential, Weibull, log-normal and log-logistic models are survreg's. The generalised gamma is
# maximised here from pgamma (Prentice's parametrisation). Models with delayed entry, which
# survreg does not fit, are maximised here too, from R's own distribution functions. The smoothed
# hazard is written out from the formula of Mueller and Wang (1994), with loops.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
read <- function(name) read.csv(file.path(arguments[1], name))

CASES <- list(
  list("gbsg2.csv", "time", "cens", "horTh"),
  list("veterans.csv", "Survival_in_days", "Status", "Treatment"),
  list("lung.csv", "time", "status", "sex")
)

# log f and log S of each family, and of the generalised gamma
log_terms <- function(t, name, mu, sigma, q) {
  w <- (log(t) - mu) / sigma
  if (name == "gengamma") {
    a <- q^-2
    u <- a * exp(q * w)
    f <- log(abs(q)) + a * log(a) + a * (q * w - exp(q * w)) - lgamma(a) - log(sigma) - log(t)
    s <- pgamma(u, a, lower.tail = q < 0, log.p = TRUE)
  } else if (name == "lognormal") {
    f <- dlnorm(t, mu, sigma, log = TRUE)
    s <- plnorm(t, mu, sigma, lower.tail = FALSE, log.p = TRUE)
  } else if (name == "loglogistic") {
    f <- dlogis(log(t), mu, sigma, log = TRUE) - log(t)
    s <- plogis(log(t), mu, sigma, lower.tail = FALSE, log.p = TRUE)
  } else {
    f <- dweibull(t, 1 / sigma, exp(mu), log = TRUE)
    s <- pweibull(t, 1 / sigma, exp(mu), lower.tail = FALSE, log.p = TRUE)
  }
  list(f = f, s = s)
}
maximise <- function(time, event, entry, name) {
  free <- switch(name, exponential = 1, gengamma = 3, 2)
  lost <- function(p) {
    sigma <- if (free > 1) exp(p[2]) else 1
    q <- if (free > 2) p[3] else 0
    at <- log_terms(time, name, p[1], sigma, q)
    late <- entry > 0
    before <- if (any(late)) sum(log_terms(entry[late], name, p[1], sigma, q)$s) else 0
    -(sum(ifelse(event, at$f, at$s)) - before)
  }
  best <- c(log(sum(time - entry) / sum(event)), 0, -0.5)[1:free]
  for (i in 1:40) {
    control <- list(reltol = 1e-15, maxit = 5000)
    best <- if (free == 1) {
      optimize(lost, best + c(-3, 3), tol = 1e-12)$minimum
    } else {
      optim(optim(best, lost, method = "Nelder-Mead", control = control)$par, lost,
            method = "BFGS", control = control)$par
    }
  }
  list(parameters = best, log_likelihood = -lost(best))
}

of_group <- function(time, event) {
  lapply(setNames(nm = c("exponential", "weibull", "lognormal", "loglogistic")), function(name) {
    m <- survreg(Surv(time, event) ~ 1, dist = name,
                 control = survreg.control(rel.tolerance = 1e-12, maxiter = 100))
    list(mu = unname(coef(m)), sigma = m$scale, log_likelihood = m$loglik[2],
         median = unname(predict(m, type = "quantile", p = 0.5)[1]),
         median_se_log = predict(m, type = "uquantile", p = 0.5, se.fit = TRUE)$se.fit[1])
  })
}
ratios <- function(time, event, x) {
  lapply(setNames(nm = c("exponential", "weibull", "lognormal", "loglogistic")), function(name) {
    m <- survreg(Surv(time, event) ~ x, dist = name,
                 control = survreg.control(rel.tolerance = 1e-12, maxiter = 100))
    list(coef = unname(coef(m)[2]), std_error = sqrt(vcov(m)[2, 2]), sigma = m$scale,
         covariance_with_log_sigma = if (name == "exponential") 0 else vcov(m)[2, 3],
         variance_log_sigma = if (name == "exponential") 0 else vcov(m)[3, 3])
  })
}
smoothed <- function(time, event, x, width) {
  order_by <- sort(unique(time[event]))
  d <- sapply(order_by, function(t) sum(time == t & event))
  n <- sapply(order_by, function(t) sum(time >= t))
  all_times <- sort(unique(time))
  right_end <- max(all_times[sapply(all_times, function(t) sum(time >= t)) >= 5])
  keep <- order_by <= right_end
  order_by <- order_by[keep]; d <- d[keep]; n <- n[keep]
  t(sapply(x, function(at) {
    q <- min(1, at / width, (right_end - at) / width)
    mirrored <- (right_end - at) < at && q < 1
    h <- 0
    v <- 0
    for (j in seq_along(order_by)) {
      z <- (at - order_by[j]) / width
      if (mirrored) z <- -z
      if (z >= -1 && z <= q) {
        k <- 12 / (1 + q)^4 * (1 + z) * (z * (1 - 2 * q) + (3 * q^2 - 2 * q + 1) / 2) / width
        h <- h + k * d[j] / n[j]
        v <- v + k^2 * d[j] / n[j]^2
      }
    }
    c(at, h, sqrt(v))
  }))
}

cases <- lapply(CASES, function(case) {
  table <- read(case[[1]])
  time <- table[[case[[2]]]]
  event <- table[[case[[3]]]] == 1
  x <- factor(table[[case[[4]]]])
  entry <- ifelse(seq_along(time) %% 3 == 0, time / 4, 0)
  km <- survfit(Surv(time, event) ~ x)
  s <- summary(km, censored = TRUE)
  width <- max(time) / 8
  list(
    table = case[[1]], time = case[[2]], event = case[[3]], x = case[[4]],
    groups = lapply(levels(x), function(l) of_group(time[x == l], event[x == l])),
    gengamma = lapply(levels(x), function(l) {
      maximise(time[x == l], event[x == l], 0 * time[x == l], "gengamma")
    }),
    delayed = lapply(setNames(nm = c("exponential", "weibull", "lognormal", "loglogistic",
                                     "gengamma")),
                     function(name) maximise(time, event, entry, name)),
    ratios = ratios(time, event, x),
    cumulative = data.frame(group = as.integer(s$strata) - 1, time = s$time, estimate = s$cumhaz,
                            std_error = s$std.chaz),
    bandwidth = width,
    hazard = lapply(levels(x), function(l) {
      at <- quantile(time[x == l], c(0.02, 0.2, 0.5, 0.8, 0.9), names = FALSE)
      unname(smoothed(time[x == l], event[x == l], at, width))
    })
  )
})
versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write_json(list(made_with = versions, cases = cases), arguments[2], digits = NA, auto_unbox = TRUE)
