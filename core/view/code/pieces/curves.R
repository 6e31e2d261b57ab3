# Kaplan-Meier curves: limits, medians, restricted means, survival at times

kaplan_meier <- function(p, level, kind) {
  y <- outcome(p)
  survfit(y ~ 1, conf.int = level, conf.type = kind)
}

when_reached <- function(km, level, conf_level) {
  # Time at which survival falls to a level, with limits from those of the curve
  found <- quantile(km, 1 - level)
  unname(c(found$quantile, found$lower, found$upper))
}

restricted_mean <- function(km, tau) {
  if (tau < min(km$time)) return(c(tau, 0))  # the curve is at 1 until then
  found <- summary(km, rmean = tau)$table
  unname(found[grep("rmean", names(found))])  # the mean and its standard error
}

follow_up_table <- function(p, scale, level, kind) {
  # Reverse Kaplan-Meier: events and censoring exchanged
  p$event <- !p$event
  found <- when_reached(kaplan_meier(p, level, kind), 0.5, level) * scale
  data.frame(label = "all", median = found[1], conf_low = found[2], conf_high = found[3])
}

shortest_follow_up <- function(p) min(tapply(p$time, p$group, max))

curve_table <- function(p, labels, scale, tau, level, kind, rule) {
  # Without a horizon `tau` the mean of each group is that up to its own last time
  rows <- lapply(seq_along(labels), function(g) {
    q <- p[p$group == g - 1, ]
    km <- kaplan_meier(q, level, kind)
    half <- rule(km, 0.5, level) * scale
    end <- if (is.null(tau)) max(q$time) else tau
    mean <- if (end > 0) restricted_mean(km, end) * scale else c(NA, NA)
    data.frame(label = labels[g], n = nrow(q), events = sum(q$event), median = half[1],
               conf_low = half[2], conf_high = half[3], rmst = mean[1], rmst_se = mean[2],
               by_25 = rule(km, 0.75, level)[1] * scale, by_75 = rule(km, 0.25, level)[1] * scale)
  })
  do.call(rbind, rows)
}

at_table <- function(p, labels, scale, times, level, kind) {
  # Survival at times in the reported unit; unknown after the last follow-up
  rows <- list()
  for (g in seq_along(labels)) {
    q <- p[p$group == g - 1, ]
    entry <- if (is.null(q$entry)) rep(-Inf, nrow(q)) else q$entry
    km <- kaplan_meier(q, level, kind)
    for (t in times) {
      at <- t / scale
      noise <- 1e-9 * max(at, 1)  # 12 months must meet day 365.25
      i <- 1 + findInterval(at + noise, km$time)
      found <- c(c(1, km$surv)[i], c(1, km$lower)[i], c(1, km$upper)[i])
      if (at - noise > max(km$time) && min(km$surv) > 0) found[] <- NA
      n <- sum(q$time >= at - noise & (if (at > 0) entry < at - noise else entry <= 0))
      rows[[length(rows) + 1]] <- data.frame(
        label = sprintf("%s at %.15g", labels[g], t), n_risk = n, estimate = found[1],
        conf_low = found[2], conf_high = found[3])
    }
  }
  do.call(rbind, rows)
}
