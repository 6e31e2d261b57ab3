# The cutoff with the largest standardised log-rank statistic, as maxstat finds it:
# maxstat.test(Surv(time, event) ~ x, smethod = "LogRank", pmethod = "Lau94", minprop, maxprop)

search <- function(x, time, event, min_fraction, min_events) {
  n <- length(x)
  at <- rank(time, ties.method = "max")
  hazard <- cumsum(tapply(event / (n - at + 1), factor(at, levels = 1:n), sum, default = 0))
  score <- (event - hazard[at])[order(x)]
  value <- sort(x)
  dead <- cumsum(event[order(x)])
  size <- which(diff(value) > 0)
  enough <- pmin(dead[size], dead[n] - dead[size]) >= min_events
  size <- size[size >= max(1, floor(n * min_fraction)) &
                 size <= floor(n * (1 - min_fraction)) & enough]
  spread <- n * sum(score^2) - sum(score)^2
  variance <- size * (n - size) / (n^2 * (n - 1)) * spread
  statistic <- abs(cumsum(score)[size] - size / n * sum(score)) / sqrt(variance)
  data.frame(low = value[size], high = value[size + 1], size, statistic = unname(statistic))
}

best_of <- function(found, at_least) {
  first <- which(found$statistic >= max(found$statistic) * (1 - 1e-10))[1]
  if (at_least) found$high[first] else found$low[first]
}

lau92 <- function(m, min_fraction) {
  if (m < 1 || min_fraction <= 0) return(1)
  width <- 2 * log((1 - min_fraction) / min_fraction)
  min(max(dnorm(m) * (4 / m + (m - 1 / m) * width), 0), 1)
}

lau94 <- function(m, size, n) {
  a <- size[-length(size)]
  b <- size[-1]
  t <- sqrt(1 - a * (n - b) / ((n - a) * b))
  min(max(2 * pnorm(-m) + exp(-m^2 / 2) / pi * sum(t - (m^2 / 4 - 1) * t^3 / 6), 0), 1)
}

cutoff_table <- function(p, label, x, found, at_least, share) {
  # The search, its p-values, and the p-value that pretends that there was none
  best <- best_of(found, at_least)
  m <- max(found$statistic)
  p$group <- cut_at(x, best, at_least)
  p$stratum <- NULL
  data.frame(label, candidates = nrow(found), best, statistic = m,
             p_naive = logrank(p, "fh", 0, 0)[3], lau92 = lau92(m, share),
             lau94 = lau94(m, found$size, length(x)))
}
