# The log-rank test and that of Peto and Peto

logrank <- function(p, name, a, b) {
  # survdiff's rho is the exponent a of S(t-)^a; b is 0
  if (length(unique(p$group)) < 2) return(c(NA, 0, NA))
  found <- tryCatch(
    if (is.null(p$stratum)) survdiff(outcome(p) ~ group, data = p, rho = a)
    else survdiff(outcome(p) ~ group + strata(stratum), data = p, rho = a),
    error = function(e) NULL)  # nobody is at risk with somebody of another group
  if (is.null(found)) return(c(NA, NA, NA))
  df <- sum(rowSums(as.matrix(found$exp)) > 0) - 1
  if (df < 1) return(c(NA, df, NA))
  c(found$chisq, df, pchisq(found$chisq, df, lower.tail = FALSE))
}
