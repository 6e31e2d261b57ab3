# Logistic regression

odds_model <- function(y, known, terms, level) {
  # Fit terms together to the patients who have them all, and make a row of each column
  has <- Reduce(`&`, lapply(terms, function(term) term$known), known)
  own <- y[has]
  x <- do.call(cbind, lapply(terms, function(term) term$x[has, , drop = FALSE]))
  control <- glm.control(epsilon = 1e-15, maxit = 60)
  fit <- suppressWarnings(glm(own ~ x, family = binomial, control = control))
  z <- qnorm(1 - (1 - level) / 2)
  b <- unname(coef(fit)[-1])
  error <- rep(NA_real_, length(b))
  error[!is.na(b)] <- sqrt(diag(vcov(fit, complete = FALSE)))[-1]
  # Separated: the standard error grows without end
  b[!is.na(b) & error * apply(x, 2, sd) > 100] <- NA
  error[is.na(b)] <- NA
  counted <- do.call(rbind, lapply(terms, function(term) {
    member <- if (term$category) term$x[has, , drop = FALSE] == 1
              else matrix(TRUE, length(own), length(term$levels))
    data.frame(label = ifelse(term$levels == "", term$name, paste(term$name, term$levels)),
               n = colSums(member), events = colSums(member & own))
  }))
  table <- data.frame(counted, coef = b, std_error = error, odds_ratio = exp(b),
                      conf_low = exp(b - z * error), conf_high = exp(b + z * error),
                      p_value = 2 * pnorm(-abs(b / error)), row.names = NULL)
  list(fit = fit, y = own, table = table)
}

odds_table <- function(y, known, terms, level)  # each term alone, on the patients who have it
  do.call(rbind, lapply(terms, function(term) odds_model(y, known, list(term), level)$table))

logistic_table <- function(found) {
  fit <- found$fit
  hits <- sum(found$y)
  n <- length(found$y)
  df <- fit$df.null - fit$df.residual
  lr <- fit$null.deviance - fit$deviance
  above <- sum(rank(round(fitted(fit), 12))[found$y]) - hits * (hits + 1) / 2
  data.frame(label = "model", n, events = hits, intercept = unname(coef(fit)[1]),
             log_likelihood = as.numeric(logLik(fit)), lr, df,
             p_value = pchisq(lr, df, lower.tail = FALSE), auc = above / (hits * (n - hits)))
}
