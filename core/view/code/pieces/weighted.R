# Weighted log-rank tests that survdiff does not have: other weights, or delayed entry

logrank <- function(p, name, a, b) {
  # `fh` has the weights S(t-)^a (1 - S(t-))^b, 1 for the log-rank test
  groups <- sort(unique(p$group))
  k <- length(groups)
  score <- expected <- numeric(k)
  variance <- matrix(0, k, k)
  stratum <- if (is.null(p$stratum)) rep(1, nrow(p)) else p$stratum
  for (s in unique(na.omit(stratum))) {
    q <- p[stratum %in% s, ]
    entry <- if (is.null(q$entry)) rep(-Inf, nrow(q)) else q$entry
    before <- 1  # S(t-), of all groups together
    for (t in sort(unique(q$time[q$event]))) {
      y <- sapply(groups, function(g) sum(q$group == g & entry < t & q$time >= t))
      dead <- sapply(groups, function(g) sum(q$group == g & q$event & q$time == t))
      n <- sum(y)
      d <- sum(dead)
      w <- switch(name, gehan = n, `tarone-ware` = sqrt(n), before^a * (1 - before)^b)
      score <- score + w * (dead - y * d / n)
      expected <- expected + y * d / n
      spread <- w^2 * d * (n - d) / (n^2 * max(n - 1, 1))
      variance <- variance + spread * (n * diag(y, k) - y %o% y)
      before <- before * (n - d) / n
    }
  }
  use <- which(expected > 0)[-1]
  inner <- variance[use, use, drop = FALSE]
  if (!length(use) || qr(inner)$rank < length(use)) return(c(NA, length(use), NA))
  chisq <- drop(score[use] %*% solve(inner, score[use]))
  c(chisq, length(use), pchisq(chisq, length(use), lower.tail = FALSE))
}
