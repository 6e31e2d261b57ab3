# Cox models

complete <- function(p)  # who has a stratum, an offset, a weight, a cluster, where a model has them
  complete.cases(p[c("time", intersect(c("stratum", "offset", "case", "cluster"), names(p)))])

fit_columns <- function(q, wide, ties) {
  # A model of the columns x1, x2, ... that are called `wide`
  right <- c(paste0("x", wide), if (!is.null(q$stratum)) "strata(stratum)",
             if (!is.null(q$offset)) "offset(offset)")
  model <- reformulate(right, "y")
  control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
  # What the warnings tell, a coefficient without a finite maximum, is found by `without_end`
  suppressWarnings(
    if (is.null(q$cluster)) coxph(model, q, weights = case, ties = ties, control = control)
    else coxph(model, q, weights = case, cluster = cluster, robust = TRUE, ties = ties,
               control = control))
}

fit_terms <- function(p, terms, ties) {
  # Fit terms together to the patients who have them all
  has <- Reduce(`&`, lapply(terms, function(term) term$known), complete(p))
  q <- p[has, ]
  wide <- Filter(function(i) length(terms[[i]]$levels) > 0, seq_along(terms))
  for (i in wide) q[[paste0("x", i)]] <- terms[[i]]$x[has, , drop = FALSE]
  if (is.null(q$case)) q$case <- 1
  q$y <- outcome(q)
  # So few patients that coxph gives up: nothing can be estimated
  fit <- tryCatch(fit_columns(q, wide, ties), error = function(e) NULL)
  list(fit = fit, q = q, has = has, terms = terms, wide = wide, infinite = without_end(fit, q, wide))
}

without_end <- function(fit, q, wide) {
  # A coefficient whose maximum is at infinity: its standard error grew without end
  x <- do.call(cbind, unclass(q[paste0("x", wide)]))
  if (is.null(fit)) return(rep(NA, ncol(x)))
  inverse <- if (is.null(fit$naive.var)) fit$var else fit$naive.var
  sqrt(diag(as.matrix(inverse))) * apply(x, 2, sd) > 100
}

ratio_rows <- function(found, level) {
  # Hazard ratios with Wald limits and tests, one row per column
  z <- qnorm(1 - (1 - level) / 2)
  event <- found$q$event
  b <- error <- rep(NA_real_, length(found$infinite))
  if (!is.null(found$fit)) {
    b <- ifelse(found$infinite, NA, coef(found$fit))
    error <- ifelse(is.na(b), NA, sqrt(diag(as.matrix(vcov(found$fit)))))
    b[error %in% 0] <- error[error %in% 0] <- NA  # nothing was learnt about it
  }
  counted <- do.call(rbind, lapply(found$terms[found$wide], function(term) {
    member <- if (term$category) term$x[found$has, , drop = FALSE] == 1
              else matrix(TRUE, length(event), length(term$levels))
    data.frame(label = ifelse(term$levels == "", term$name, paste(term$name, term$levels)),
               n = colSums(member), events = colSums(member & event))
  }))
  data.frame(counted, coef = b, std_error = error, hazard_ratio = exp(b),
             conf_low = exp(b - z * error), conf_high = exp(b + z * error),
             p_value = 2 * pnorm(-abs(b / error)), row.names = NULL)
}

cox_table <- function(p, terms, ties, level) ratio_rows(fit_terms(p, terms, ties), level)

univariable_table <- function(p, terms, ties, level)  # each term alone, on the patients who have it
  do.call(rbind, lapply(terms, function(term) cox_table(p, list(term), ties, level)))
