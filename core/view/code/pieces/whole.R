# What is said of a whole Cox model: tests, concordance, proportional hazards

model_table <- function(found) {
  q <- found$q
  q$risk <- found$fit$linear.predictors
  c_index <- if (is.null(q$stratum)) concordance(y ~ risk, q, reverse = TRUE)
             else concordance(y ~ risk + strata(stratum), q, reverse = TRUE)
  data.frame(label = "model", n = nrow(q), events = sum(q$event),
             log_likelihood = found$fit$loglik[2], concordance = unname(c_index$concordance))
}

model_tests <- function(found) {
  fit <- found$fit
  df <- sum(!is.na(coef(fit)))
  value <- c(lr = 2 * diff(fit$loglik), wald = unname(fit$wald.test), score = unname(fit$score))
  if (any(found$infinite)) value["wald"] <- NA
  if (!is.null(fit$rscore)) value["robust_score"] <- fit$rscore
  data.frame(label = names(value), statistic = value, df = df,
             p_value = pchisq(value, df, lower.tail = FALSE), row.names = NULL)
}

proportional_hazards <- function(found, ties) {
  if (any(found$infinite)) return(data.frame(label = character()))
  # cox.zph knows no coefficients that are not estimable: the model without their columns
  q <- found$q
  of_term <- rep(found$wide, lengths(lapply(found$terms[found$wide], `[[`, "levels")))
  used <- !is.na(coef(found$fit))
  wide <- unique(of_term[used])
  for (i in wide) q[[paste0("x", i)]] <- q[[paste0("x", i)]][, used[of_term == i], drop = FALSE]
  table <- cox.zph(fit_columns(q, wide, ties), transform = "km", terms = TRUE)$table
  names <- sapply(found$terms[wide], function(term) term$name)
  if (nrow(table) == length(names)) table <- rbind(table, table)  # of one term no GLOBAL is given
  data.frame(label = c(names, "GLOBAL"), statistic = table[, "chisq"], df = table[, "df"],
             p_value = table[, "p"], row.names = NULL)
}
