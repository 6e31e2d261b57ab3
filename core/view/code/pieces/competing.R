# Cumulative incidence with competing events (Aalen-Johansen)

incidence <- function(q, cause, level, kind) {
  # The estimate is that of survfit(Surv(time, factor(status)) ~ 1). Its standard error there is
  # the infinitesimal jackknife; here it is Aalen's, as in cmprsk::cuminc.
  y <- outcome(q)
  entry <- if (is.null(q$entry)) rep(-Inf, nrow(q)) else q$entry
  state <- factor(ifelse(q$status == cause, 1, ifelse(q$status > 0, 2, 0)), 0:2)
  fit <- if (is.null(q$entry)) survfit(Surv(time, state) ~ 1, q, se.fit = FALSE)
         else survfit(Surv(entry, time, state) ~ 1, q, id = seq_len(nrow(q)), se.fit = FALSE)
  t <- sort(unique(q$time))
  n <- sapply(t, function(at) sum(entry < at & q$time >= at))
  own <- sapply(t, function(at) sum(q$time == at & q$status == cause))
  other <- sapply(t, function(at) sum(q$time == at & q$status > 0)) - own
  at <- findInterval(t, fit$time)
  f <- c(0, fit$pstate[, 2])[at + 1]
  s <- c(1, fit$pstate[, 1])[at + 1]
  s[s < 1e-12] <- 0
  before <- c(1, s[-length(s)])
  variance <- sapply(seq_along(t), function(k) {
    u <- seq_len(k)
    moved <- ifelse(s[u] > 0, (f[k] - f[u]) / s[u], 0)
    one <- function(d, c) {
      ties <- ifelse(d > 1, 1 - (d - 1) / pmax(n[u] - 1, 1), 1)
      sum((c - moved)^2 * (before[u] / n[u])^2 * ties * d)
    }
    one(own[u], 1) + one(other[u], 0)
  })
  error <- sqrt(variance)
  ends <- limits(f, ifelse(f > 0, error / f, 0), level, kind)
  data.frame(t, s, estimate = f, std_error = error, conf_low = ends[[1]], conf_high = ends[[2]],
             one_minus_km = 1 - cumprod((n - own) / n))
}

limits <- function(s, error, level, kind) {
  # Limits of a curve on a scale, as those of survfit; `error` is that of its logarithm
  z <- qnorm(1 - (1 - level) / 2) * error
  inner <- ifelse(s > 0 & s < 1, s, NA)
  switch(kind,
    plain = list(pmax(s - z * s, 0), pmin(s + z * s, 1)),
    log = list(ifelse(s > 0, s * exp(-z), NA), ifelse(s > 0, pmin(s * exp(z), 1), NA)),
    arcsin = {
      angle <- asin(sqrt(inner))
      wide <- 0.5 * z * sqrt(inner / (1 - inner))
      list(sin(pmax(angle - wide, 0))^2, sin(pmin(angle + wide, pi / 2))^2)
    },
    lapply(c(-1, 1), function(sign) exp(-exp(log(-log(inner)) + sign * z / log(inner)))))
}

incidence_table <- function(p, labels, scale, times, n_causes, level, kind) {
  rows <- list()
  for (g in seq_along(labels)) for (cause in seq_len(n_causes)) {
    found <- incidence(p[p$group == g - 1, ], cause, level, kind)
    for (t in times) {
      at <- t / scale
      noise <- 1e-9 * max(at, 1)
      i <- findInterval(at + noise, found$t)
      values <- if (i) found[i, -(1:2)] else data.frame(estimate = 0, std_error = 0,
        conf_low = NA, conf_high = NA, one_minus_km = 0)
      if (at - noise > max(found$t) && min(found$s) > 0) values[] <- NA
      label <- sprintf("%s cause %d at %.15g", labels[g], cause, t)
      rows[[length(rows) + 1]] <- data.frame(label, values, row.names = NULL)
    }
  }
  do.call(rbind, rows)
}
