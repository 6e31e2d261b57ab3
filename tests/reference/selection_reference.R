# Selection of terms by stepAIC and by a loop over all subsets; pooling and multiple imputation by
# mice.
#
# How to run it (R >= 4.2 with survival, MASS, mice, mitools, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/selection_reference.R FOLDER tests/reference/selection_reference.json
#
# BIC of a Cox model counts events (nobs of coxph). The values that are missing in gbsg2 are deleted
# by a rule in whole numbers, so that every program deletes the same ones.

suppressPackageStartupMessages({
  library(survival)
  library(MASS)
  library(mice)
  library(mitools)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
folder <- arguments[1]
CONTROL <- coxph.control(eps = 1e-11, iter.max = 50)

CASES <- list(
  list(table = "gbsg2.csv", time = "time", event = "cens", ties = "efron",
       terms = c("age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec", "horTh")),
  list(table = "veterans.csv", time = "Survival_in_days", event = "Status", ties = "breslow",
       terms = c("Age_in_years", "Celltype", "Karnofsky_score", "Months_from_Diagnosis",
                 "Prior_therapy", "Treatment")),
  list(table = "whas500.csv", time = "lenfol", event = "fstat", ties = "efron",
       terms = c("age", "gender", "hr", "sysbp", "diasbp", "bmi", "cvd", "afb", "sho", "chf", "av3",
                 "miord")),
  list(table = "rossi.csv", time = "week", event = "arrest", ties = "breslow",
       terms = c("fin", "age", "race", "wexp", "mar", "paro", "prio")))

fitted <- function(case, data, terms) {
  right <- if (length(terms)) paste(sprintf("`%s`", terms), collapse = "+") else "1"
  text <- sprintf("Surv(%s, %s == 1) ~ %s", case$time, case$event, right)
  # stepAIC evaluates the call again.
  eval(substitute(coxph(F, data = D, ties = T, control = CONTROL),
                  list(F = as.formula(text), D = data, T = case$ties)))
}

one <- function(case) {
  data <- read.csv(file.path(folder, case$table))
  full <- fitted(case, data, case$terms)
  answer <- case
  answer$events <- full$nevent
  fits <- lapply(seq_len(2^length(case$terms)) - 1, function(code) {
    terms <- case$terms[bitwAnd(code, 2^(seq_along(case$terms) - 1)) > 0]
    fit <- fitted(case, data, terms)
    list(terms = terms, lik = tail(fit$loglik, 1), df = length(coef(fit)))
  })
  for (name in c("aic", "bic")) {
    k <- if (name == "aic") 2 else log(full$nevent)
    steps <- stepAIC(full, direction = "both", k = k, trace = 0)
    moved <- steps$anova
    subsets <- lapply(fits, function(fit) {
      list(terms = fit$terms, value = -2 * fit$lik + k * fit$df)
    })
    order_of <- order(sapply(subsets, `[[`, "value"))
    answer[[name]] <- list(
      full = extractAIC(full, k = k)[2],
      step = trimws(as.character(moved$Step)[-1]),
      criterion = as.numeric(moved$AIC)[-1],
      best = subsets[order_of[1:10]])
  }
  answer
}

# Pooling ------------------------------------------------------------------------------------------

ESTIMATES <- list(
  list(estimate = c(0.31, 0.42, 0.28, 0.35, 0.39), error = c(0.12, 0.13, 0.11, 0.12, 0.125),
       dfcom = 40),
  list(estimate = c(-1.2, -1.1, -1.25), error = c(0.3, 0.31, 0.29), dfcom = 12),
  list(estimate = c(0.5, 0.9, -0.2, 0.1, 1.4, 0.6), error = rep(0.2, 6), dfcom = 250),
  list(estimate = c(0.7, 0.7, 0.7), error = c(0.1, 0.1, 0.1), dfcom = 30))

pooled <- function(case) {
  m <- length(case$estimate)
  by_mice <- pool.scalar(case$estimate, case$error^2, n = case$dfcom + 1, k = 1)
  by_mitools <- MIcombine(as.list(case$estimate), as.list(case$error^2),
                          df.complete = case$dfcom)
  c(case, list(pooled = by_mice$qbar, std_error = sqrt(by_mice$t), df = by_mice$df,
               fmi = by_mice$fmi, mitools_error = sqrt(drop(vcov(by_mitools)))))
}

# Imputation ---------------------------------------------------------------------------------------

with_gaps <- function(data) {
  i <- seq_len(nrow(data))
  data$tsize[(i * 37) %% 100 < 20 + 15 * data$cens] <- NA
  data$tgrade[(i * 53) %% 100 < ifelse(data$pnodes > 5, 45, 20)] <- NA
  data$menostat[(i * 71) %% 100 < 15] <- NA
  data
}

imputed <- function() {
  data <- with_gaps(read.csv(file.path(folder, "gbsg2.csv"), stringsAsFactors = TRUE))
  terms <- c("age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "horTh")
  used <- data[c(terms, "time", "cens")]
  used$hazard <- nelsonaalen(used, time, cens)
  predictors <- make.predictorMatrix(used)
  predictors[, "time"] <- 0
  found <- mice(used, m = 200, maxit = 5, seed = 1, predictorMatrix = predictors,
                printFlag = FALSE)
  fits <- with(found, coxph(Surv(time, cens) ~ age + menostat + tsize + tgrade + pnodes + progrec +
                              horTh))
  table <- pool(fits)$pooled
  complete <- coxph(Surv(time, cens) ~ age + menostat + tsize + tgrade + pnodes + progrec + horTh,
                    data = used, control = CONTROL)
  list(methods = as.list(found$method[nzchar(found$method)]), m = 200, n_complete = complete$n,
       events_complete = complete$nevent,
       rows = data.frame(term = as.character(table$term), coef = table$estimate,
                         std_error = sqrt(table$t), df = table$df, fmi = table$fmi,
                         between = table$b, complete_coef = coef(complete),
                         complete_error = sqrt(diag(vcov(complete)))))
}

answer <- list(
  selection = lapply(CASES, one),
  pooling = lapply(ESTIMATES, pooled),
  imputation = imputed(),
  versions = list(R = as.character(getRversion()), mice = as.character(packageVersion("mice")),
                  survival = as.character(packageVersion("survival")),
                  MASS = as.character(packageVersion("MASS"))))
write(toJSON(answer, auto_unbox = TRUE, digits = I(15), pretty = TRUE), arguments[2])
