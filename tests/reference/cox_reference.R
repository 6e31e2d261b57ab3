# Cox models with weights, an offset, clusters, interactions and polynomials; tests of terms;
# profile-likelihood limits by an independent search; penalised models by glmnet.
#
# How to run it (R >= 4.2 with survival, glmnet, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/cox_reference.R FOLDER tests/reference/cox_reference.json
#
# Weights and clusters are made here by integer arithmetic and stored with their case.

suppressPackageStartupMessages({
  library(survival)
  library(glmnet)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
folder <- arguments[1]
TIGHT <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))

lung <- read("lung")
lung <- lung[complete.cases(lung[c("time", "status", "age", "sex", "ph.ecog")]), ]
gbsg <- read("gbsg2")
entry <- read("delayed_entry")
ties <- read("heavy_ties")
heart <- read("heart")

number <- function(data) seq_len(nrow(data))
made <- function(data) {
  i <- number(data)
  data$w <- 0.25 + ((7 * i) %% 11) / 4
  data$several <- 1 + (5 * i) %% 3
  data$o <- ((3 * i) %% 17) / 10 - 0.8
  data$centre <- (i * i) %% 23
  data
}
lung <- made(lung); gbsg <- made(gbsg); entry <- made(entry); ties <- made(ties)

test <- function(x, df) list(statistic = unname(x), df = df,
                             p_value = pchisq(unname(x), df, lower.tail = FALSE))

# Drop-one likelihood-ratio tests by drop1, which leaves main effects of interactions alone.
dropped <- function(model) {
  table <- drop1(model, test = "Chisq")
  list(term = I(rownames(table)[-1]), statistic = I(table$LRT[-1]), df = I(table$Df[-1]))
}

cox <- function(name, table, data, formula, query, ties = "efron", drop = FALSE, weights = NULL,
                cluster = NULL) {
  given <- list(formula = formula, data = data, ties = ties, control = TIGHT, x = TRUE, y = TRUE)
  if (!is.null(weights)) given$weights <- data[[weights]]
  if (!is.null(cluster)) given$cluster <- data[[cluster]]
  model <- do.call(coxph, given)
  whole <- summary(model)
  df <- sum(!is.na(coef(model)))
  robust <- !is.null(model$naive.var)
  out <- list(
    name = name, table = table, query = query, n = model$n, coef = I(unname(coef(model))),
    se = I(unname(sqrt(diag(vcov(model))))), log_likelihood = I(model$loglik),
    lr = test(whole$logtest[["test"]], df), score = test(model$score, df),
    wald = test(as.numeric(coef(model) %*% solve(vcov(model), coef(model))), df), robust = robust,
    zph = I(unname(cox.zph(model, transform = "km")$table[, "chisq"]))
  )
  if (robust) out$robust_score <- test(model$rscore, df)
  if (drop) out$drop <- dropped(model)
  out
}

rcs <- function(x, probs) {
  k <- quantile(x, probs, type = 7)
  n <- length(k)
  cube <- function(t) pmax(t, 0)^3
  sapply(seq_len(n - 2), function(j) {
    (cube(x - k[j]) - cube(x - k[n - 1]) * (k[n] - k[j]) / (k[n] - k[n - 1]) +
       cube(x - k[n]) * (k[n - 1] - k[j]) / (k[n] - k[n - 1])) / (k[n] - k[1])^2
  })
}
gbsg$tgrade <- factor(gbsg$tgrade, levels = c("I", "II", "III"))
bent <- rcs(gbsg$age, c(0.05, 0.35, 0.65, 0.95))
gbsg$age2 <- bent[, 1]; gbsg$age3 <- bent[, 2]

cases <- list(
  cox("weights", "lung", lung, Surv(time, status) ~ age + sex, "terms=age,sex&weights=w",
      weights = "w"),
  cox("weights, Breslow", "lung", lung, Surv(time, status) ~ age + sex,
      "terms=age,sex&weights=w&ties=breslow", ties = "breslow", weights = "w"),
  cox("counts", "ties", ties, Surv(time, event) ~ treated + count,
      "terms=treated,count&weights=several", weights = "several"),
  cox("offset", "lung", lung, Surv(time, status) ~ age + sex + offset(o),
      "terms=age,sex&offset=o", drop = TRUE),
  cox("cluster", "lung", lung, Surv(time, status) ~ age + sex, "terms=age,sex&cluster=centre",
      cluster = "centre"),
  cox("cluster, ties, Breslow", "ties", ties, Surv(time, event) ~ treated + count,
      "terms=treated,count&cluster=centre&ties=breslow", ties = "breslow", cluster = "centre"),
  cox("cluster, ties, Efron", "ties", ties, Surv(time, event) ~ treated + count,
      "terms=treated,count&cluster=centre", cluster = "centre"),
  cox("cluster, weights, strata", "lung", lung, Surv(time, status) ~ age + ph.ecog + strata(sex),
      "terms=age,ph.ecog&cluster=centre&weights=w&strata=sex", weights = "w", cluster = "centre"),
  cox("cluster, weights, strata, late entry", "entry", entry,
      Surv(entry, exit, event) ~ dose + stage + strata(site),
      "terms=dose,stage&cluster=centre&weights=w&strata=site", weights = "w", cluster = "centre"),
  cox("intervals, cluster", "heart", heart,
      Surv(start, stop, event) ~ age + year + surgery + transplant,
      "terms=age,year,surgery,transplant&cluster=id", cluster = "id"),
  cox("intervals", "heart", heart, Surv(start, stop, event) ~ age + year + surgery + transplant,
      "terms=age,year,surgery,transplant", drop = TRUE),
  cox("terms", "gbsg", gbsg, Surv(time, cens) ~ horTh + tgrade + age + pnodes,
      "terms=horTh,tgrade,age,pnodes", drop = TRUE),
  cox("polynomial", "gbsg", gbsg, Surv(time, cens) ~ poly(tsize, 2, raw = TRUE) + age + I(age^2) +
        I(age^3), "terms=tsize:poly,age:poly(3)"),
  cox("category by category", "gbsg", gbsg, Surv(time, cens) ~ horTh * tgrade + age,
      "terms=horTh,tgrade,age,horTh*tgrade", drop = TRUE),
  cox("category by number", "gbsg", gbsg, Surv(time, cens) ~ tgrade * log2(pnodes) + age,
      "terms=tgrade,pnodes:log2,age,tgrade*pnodes", drop = TRUE),
  cox("category by spline", "gbsg", gbsg,
      Surv(time, cens) ~ tgrade + age + age2 + age3 + tgrade:age + tgrade:age2 + tgrade:age3,
      "terms=tgrade,age:spline(4),tgrade*age"),
  cox("spline by polynomial", "gbsg", gbsg,
      Surv(time, cens) ~ age + age2 + age3 + tsize + I(tsize^2) + age:tsize + age2:tsize +
        age3:tsize + age:I(tsize^2) + age2:I(tsize^2) + age3:I(tsize^2),
      "terms=age:spline(4),tsize:poly,age*tsize"),
  cox("spline", "gbsg", gbsg, Surv(time, cens) ~ age + age2 + age3 + pnodes,
      "terms=age:spline(4),pnodes")
)

# Non-linearity and joint tests by nested models.
nested <- function(name, table, data, query, term, part, full, reduced, ties = "efron") {
  a <- coxph(full, data = data, control = TIGHT, ties = ties)
  b <- coxph(reduced, data = data, control = TIGHT, ties = ties)
  gone <- setdiff(names(coef(a)), names(coef(b)))
  beta <- coef(a)[gone]
  wald <- as.numeric(beta %*% solve(vcov(a)[gone, gone], beta))
  start <- setNames(rep(0, length(coef(a))), names(coef(a)))
  start[names(coef(b))] <- coef(b)
  # The score test at the reduced model: coxph reports it for init and no iteration.
  at <- coxph(full, data = data, ties = ties, init = start,
              control = coxph.control(iter.max = 0))
  list(name = name, table = table, query = query, term = term, part = part,
       lr = test(2 * (a$loglik[2] - b$loglik[2]), length(gone)), wald = test(wald, length(gone)),
       score = test(at$score, length(gone)))
}
spline4 <- Surv(time, cens) ~ age + age2 + age3 + pnodes
tests <- list(
  nested("spline", "gbsg", gbsg, "terms=age:spline(4),pnodes", "age:spline(4)", "all",
         spline4, Surv(time, cens) ~ pnodes),
  nested("spline", "gbsg", gbsg, "terms=age:spline(4),pnodes", "age:spline(4)", "nonlinear",
         spline4, Surv(time, cens) ~ age + pnodes),
  nested("spline", "gbsg", gbsg, "terms=age:spline(4),pnodes", "pnodes", "all",
         spline4, Surv(time, cens) ~ age + age2 + age3),
  nested("interaction", "gbsg", gbsg, "terms=horTh,tgrade,age,horTh*tgrade", "tgrade",
         "interactions", Surv(time, cens) ~ horTh * tgrade + age, Surv(time, cens) ~ horTh + age),
  nested("interaction", "gbsg", gbsg, "terms=horTh,tgrade,age,horTh*tgrade", "horTh*tgrade",
         "all", Surv(time, cens) ~ horTh * tgrade + age, Surv(time, cens) ~ horTh + tgrade + age),
  nested("category by spline", "gbsg", gbsg, "terms=tgrade,age:spline(4),tgrade*age",
         "age:spline(4)", "nonlinear",
         Surv(time, cens) ~ tgrade + age + age2 + age3 + tgrade:age + tgrade:age2 + tgrade:age3,
         Surv(time, cens) ~ tgrade + age + tgrade:age),
  nested("spline by polynomial", "gbsg", gbsg, "terms=age:spline(4),tsize:poly,age*tsize",
         "tsize:poly", "nonlinear",
         Surv(time, cens) ~ age + age2 + age3 + tsize + I(tsize^2) + age:tsize + age2:tsize +
           age3:tsize + age:I(tsize^2) + age2:I(tsize^2) + age3:I(tsize^2),
         Surv(time, cens) ~ age + age2 + age3 + tsize + age:tsize + age2:tsize + age3:tsize)
)

# Profile likelihood: coxph with the held coefficient as an offset, and uniroot.
profiled <- function(name, table, data, query, time, event, columns, ties = "efron", by = NULL) {
  x <- as.matrix(data[columns])
  y <- Surv(data[[time]], data[[event]])
  s <- if (is.null(by)) rep(1, nrow(data)) else data[[by]]
  full <- coxph(y ~ x + strata(s), ties = ties, control = TIGHT)
  limit <- function(k, sign) {
    lost <- function(b) {
      held <- x[, k] * b
      rest <- x[, -k, drop = FALSE]
      model <- if (ncol(rest)) coxph(y ~ rest + offset(held) + strata(s), ties = ties,
                                     control = TIGHT)
               else coxph(y ~ offset(held) + strata(s), ties = ties)
      2 * (full$loglik[2] - tail(model$loglik, 1)) - qchisq(0.95, 1)
    }
    b <- unname(coef(full)[k]); e <- sqrt(vcov(full)[k, k])
    uniroot(lost, sort(c(b + sign * 0.2 * e, b + sign * 6 * e)), tol = 1e-13)$root
  }
  p <- sapply(seq_along(columns), function(k) {
    rest <- x[, -k, drop = FALSE]
    less <- if (ncol(rest)) coxph(y ~ rest + strata(s), ties = ties, control = TIGHT)$loglik[2]
            else full$loglik[1]
    pchisq(2 * (full$loglik[2] - less), 1, lower.tail = FALSE)
  })
  list(name = name, table = table, query = query, p_value = I(p),
       low = I(exp(sapply(seq_along(columns), limit, sign = -1))),
       high = I(exp(sapply(seq_along(columns), limit, sign = 1))))
}
profiles <- list(
  profiled("lung", "lung", lung, "terms=age,sex,ph.ecog&limits=profile", "time", "status",
           c("age", "sex", "ph.ecog")),
  profiled("one term", "ties", ties, "terms=count&limits=profile&ties=breslow", "time", "event",
           "count", "breslow"),
  profiled("strata", "lung", lung, "terms=age,ph.ecog&limits=profile&strata=sex", "time",
           "status", c("age", "ph.ecog"), by = "sex"),
  profiled("few events", "few", lung[1:25, ], "terms=age,sex&limits=profile", "time", "status",
           c("age", "sex"))
)

# Penalised: glmnet with its own standardisation and given folds, on times without ties (with ties
# glmnet's gradient is not the one of Breslow's likelihood in coxph).
gmat <- as.matrix(gbsg[c("age", "tsize", "pnodes", "progrec", "estrec")])
fold <- 1 + (7 * number(gbsg) + number(gbsg) %/% 9) %% 10
glm <- function(alpha) {
  y <- Surv(gbsg$time + number(gbsg) / 1000, gbsg$cens)
  lambda <- if (alpha == 0) 10^seq(1, -3, length.out = 15) else 10^seq(-1, -2.5, length.out = 15)
  model <- glmnet(gmat, y, family = "cox", alpha = alpha, lambda = lambda, thresh = 1e-18,
                  maxit = 1e8)
  cv <- cv.glmnet(gmat, y, family = "cox", alpha = alpha, lambda = lambda, foldid = fold,
                  thresh = 1e-18, maxit = 1e8)
  list(l1_ratio = alpha, lambda = I(lambda), coef = I(unname(as.matrix(coef(model)))),
       deviance = I(cv$cvm), std_error = I(cv$cvsd), lambda_min = cv$lambda.min,
       lambda_1se = cv$lambda.1se, first = glmnet(gmat, y, family = "cox", alpha = alpha)$lambda[1])
}
penalised <- list(columns = I(colnames(gmat)), fold = I(fold),
                  models = lapply(c(0, 0.5, 1), glm))

keep <- function(data, columns) lapply(data[columns], I)
tables <- list(
  lung = keep(lung, c("time", "status", "age", "sex", "ph.ecog", "w", "o", "centre")),
  few = keep(lung[1:25, ], c("time", "status", "age", "sex")),
  ties = keep(ties, c("time", "event", "treated", "count", "several", "centre")),
  entry = keep(entry, c("entry", "exit", "event", "site", "dose", "stage", "w", "centre")),
  heart = keep(heart, c("start", "stop", "event", "age", "year", "surgery", "transplant", "id"))
)
cat(toJSON(list(
  session = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                 glmnet = as.character(packageVersion("glmnet"))),
  tables = tables, cases = cases, tests = tests, profiles = profiles, penalised = penalised
), digits = NA, auto_unbox = TRUE, na = "null"), file = arguments[2])
