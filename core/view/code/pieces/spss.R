# SPSS's median: the first time at or below a level, with limits from the density there

spss_quantile <- function(km, level, conf_level) {
  close <- sqrt(.Machine$double.eps)
  t <- km$time
  s <- km$surv
  z <- if (conf_level == 0.95) 1.96 else qnorm(1 - (1 - conf_level) / 2)
  m <- which(s <= level + close)[1]
  if (is.na(m)) return(c(NA, NA, NA))
  after <- which(s <= level - 0.05 + close)[1]
  before <- which(diff(c(1, s)) < 0 & s >= level + 0.05 - close)
  u <- if (length(before)) max(before) else NA
  start <- if (is.na(u)) 0 else t[u]
  height <- if (is.na(u)) 1 else s[u]
  if (is.na(after) || t[after] <= start || s[m] == 0) return(c(t[m], NA, NA))
  density <- (height - s[after]) / (t[after] - start)
  error <- z * s[m] * km$std.err[m] / density  # std.err is that of log S
  c(t[m], max(t[m] - error, 0), t[m] + error)
}
