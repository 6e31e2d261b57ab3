# Residuals, influence, concordance and calibration of Cox models, by the survival package.
#
# How to run it (R >= 4.2 with survival, rms, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/diagnostics_reference.R FOLDER tests/reference/diagnostics_reference.json
#
# cox.zph, residuals.coxph, concordance and predict are those of survival; the weighted AUC and
# Brier scores and the calibration curve are written out from their formulas.

suppressPackageStartupMessages({
  library(survival)
  library(splines)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

CASES <- list(
  list(name = "lung", table = "lung.csv", y = c("time", "status"), x = "age + sex + ph.ecog",
       query = "time=time&unit=days&event=status&event_is=1&terms=age,sex,ph.ecog", at = c(180, 365, 550)),
  list(name = "lung breslow", table = "lung.csv", y = c("time", "status"), x = "age + wt.loss",
       query = "time=time&unit=days&event=status&event_is=1&terms=age,wt.loss&ties=breslow", ties = "breslow",
       at = c(200, 400)),
  list(name = "heavy ties", table = "heavy_ties.csv", y = c("time", "event"),
       x = "factor(grade) + treated + count", at = c(2, 4),
       query = "time=time&unit=months&event=event&event_is=1&terms=grade:cat,treated,count"),
  list(name = "heavy ties breslow", table = "heavy_ties.csv", y = c("time", "event"),
       x = "factor(grade) + treated + count", ties = "breslow", at = c(2, 4),
       query = "time=time&unit=months&event=event&event_is=1&terms=grade:cat,treated,count&ties=breslow"),
  list(name = "veterans strata", table = "veterans.csv", y = c("Survival_in_days", "Status"),
       x = "Age_in_years + Karnofsky_score + Treatment", strata = "Celltype", at = c(50, 150),
       query = paste0("time=Survival_in_days&unit=days&event=Status&event_is=1&strata=Celltype",
                      "&terms=Age_in_years,Karnofsky_score,Treatment:cat(standard)")),
  list(name = "constant in strata", table = "four_groups.csv", y = c("time", "event"),
       x = "age + only_b", strata = "arm2", at = c(15, 30)),
  list(name = "delayed entry", table = "delayed_entry.csv", y = c("entry", "exit", "event"),
       x = "factor(arm) + dose + stage", at = numeric(0),
       query = "time=exit&unit=months&entry=entry&event=event&event_is=1&terms=arm,dose,stage"),
  list(name = "delayed entry strata", table = "delayed_entry.csv", y = c("entry", "exit", "event"),
       x = "dose + stage", strata = "site", ties = "breslow", at = numeric(0),
       query = paste0("time=exit&unit=months&entry=entry&event=event&event_is=1&terms=dose,stage",
                      "&strata=site&ties=breslow")),
  list(name = "time-dependent", table = "heart.csv", y = c("start", "stop", "event"),
       x = "age + transplant", at = numeric(0), id = "id",
       query = paste0("time=stop&unit=days&entry=start&event=event&event_is=1&id=id",
                      "&terms=age,transplant"))
)

fitted_closely <- function(formula, data, ties) {
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  first <- coxph(formula, data, ties = ties, control = control, x = TRUE, model = TRUE)
  coxph(formula, data, ties = ties, control = control, init = coef(first), x = TRUE, model = TRUE)
}

zph <- function(fit, transform) {
  found <- cox.zph(fit, transform = transform)
  list(statistic = unname(found$table[, 1]), df = unname(found$table[, 2]),
       p_value = unname(found$table[, 3]))
}

smoothed <- function(found, i) {
  # The curve of plot.cox.zph.
  x <- found$x
  at <- seq(min(x), max(x), length = 40)
  basis <- ns(c(at, x), df = 4, intercept = TRUE)
  keep <- !is.na(found$y[, i])
  part <- qr(basis[-(1:40), ][keep, ])
  if (part$rank < 4) return(list())
  line <- basis[1:40, ] %*% qr.coef(part, found$y[keep, i])
  inverse <- chol2inv(qr.R(part)[, order(part$pivot)])
  error <- sqrt(found$var[i, i] * rowSums((basis[1:40, ] %*% inverse) * basis[1:40, ]))
  list(smooth = drop(line), std_error = error)
}

moving <- function(fit, terms) {
  found <- cox.zph(fit, terms = terms)
  lapply(seq_len(ncol(found$y)), function(i) {
    c(list(time = found$time, estimate = found$y[, i]),
      if (is.null(found$strata)) smoothed(found, i))
  })
}

censored <- function(time, event) {
  # Survival curve of the censoring: times are whole numbers, and an event comes first at its time.
  later <- time + ifelse(event, 0, 0.01)
  survfit(Surv(later, !event) ~ 1)
}

at_times <- function(fit, data, y, at) {
  time <- data[[y[1]]]
  event <- data[[y[2]]] == 1
  g <- censored(time, event)
  # Neither the shift nor a time's own event may matter: look just before and just after.
  before <- summary(g, times = pmax(time - 0.001, 0), extend = TRUE)$surv[rank(time, ties.method = "first")]
  lapply(at, function(t) {
    alive <- time > t
    died <- time <= t & event
    new <- data
    new[[y[1]]] <- t
    s <- predict(fit, newdata = new, type = "survival")
    risk <- 1 - s
    own <- ifelse(died, 1 / before, 0)
    at_t <- summary(g, times = t + 0.02, extend = TRUE)$surv
    order_of <- outer(risk[died], risk[alive], function(a, b) (a > b + 1e-12) + (abs(a - b) <= 1e-12) / 2)
    auc <- sum(own[died] * rowSums(order_of)) / (sum(own[died]) * sum(alive))
    w <- own + alive / at_t
    km <- summary(survfit(Surv(time, event) ~ 1), times = t)$surv
    list(time = t, auc = auc, brier = mean(w * (s - alive)^2), brier_null = mean(w * (km - alive)^2))
  })
}

calibrated <- function(fit, data, y, t, groups) {
  new <- data
  new[[y[1]]] <- t
  s <- predict(fit, newdata = new, type = "survival")
  z <- log(-log(s))
  knots <- quantile(z, c(0.1, 0.5, 0.9))
  basis <- rms::rcs(z, knots)
  columns <- cbind(a = as.numeric(basis[, 1]), b = as.numeric(basis[, 2]))
  d <- data.frame(time = data[[y[1]]], event = data[[y[2]]] == 1, columns)
  again <- fitted_closely(Surv(time, event) ~ a + b, d, fit$method)
  d$time <- t
  observed <- predict(again, newdata = d, type = "survival")
  off <- abs(observed - s)
  cuts <- unique(quantile(s, seq(0, 1, length = groups + 1)))
  code <- findInterval(s, cuts[-c(1, length(cuts))]) + 1
  part <- survfit(Surv(data[[y[1]]], data[[y[2]]] == 1) ~ code, conf.type = "log-log")
  km <- summary(part, times = t, extend = TRUE)
  list(time = t, observed = unname(observed), ici = mean(off), e50 = unname(median(off)),
       e90 = unname(quantile(off, 0.9)), predicted = unname(tapply(s, code, mean)),
       n = unname(as.vector(table(code))), estimate = km$surv, conf_low = km$lower,
       conf_high = km$upper)
}

agreed <- function(found, id) {
  each <- tapply(found$dfbeta, id, sum)
  list(estimate = unname(found$concordance), std_error = sqrt(sum(each^2)))
}

one <- function(case, folder) {
  data <- read.csv(file.path(folder, case$table))
  if (case$name == "constant in strata") {
    data$event <- as.numeric(data$event == 1)
    data$time <- ceiling(data$time)
    data$arm2 <- ifelse(data$arm == "A", "a", "b")
    data$only_b <- ifelse(data$arm == "A", 0, data$male)
  }
  if (case$name == "veterans strata") data$Treatment <- relevel(factor(data$Treatment), "standard")
  names_used <- c(case$y, case$strata, setdiff(all.vars(as.formula(paste("~", case$x))), case$y))
  data <- data[complete.cases(data[names_used]), ]
  ties <- if (is.null(case$ties)) "efron" else case$ties
  strata <- if (is.null(case$strata)) "" else paste0(" + strata(", case$strata, ")")
  formula <- as.formula(paste0("Surv(", paste(case$y, collapse = ", "), ") ~ ", case$x, strata))
  fit <- fitted_closely(formula, data, ties)
  counting <- length(case$y) == 3
  null <- coxph(as.formula(paste0("Surv(", paste(case$y, collapse = ", "), ") ~ 1", strata)), data, ties = ties)
  id <- if (is.null(case$id)) seq_len(nrow(data)) else data[[case$id]]
  found <- list(
    name = case$name, table = case$table, query = case$query, n = fit$n, events = fit$nevent,
    coef = unname(coef(fit)),
    zph = sapply(c("km", "identity", "log", "rank"), function(g) zph(fit, g), simplify = FALSE),
    terms = moving(fit, TRUE), columns = if (any(sapply(fit$assign, length) > 1)) moving(fit, FALSE),
    martingale = unname(residuals(fit, "martingale")), deviance = unname(residuals(fit, "deviance")),
    martingale_null = unname(residuals(null, "martingale")),
    dfbeta = unname(as.matrix(residuals(fit, "dfbeta", collapse = id))),
    dfbetas = unname(as.matrix(residuals(fit, "dfbetas", collapse = id))),
    harrell = agreed(concordance(fit, influence = 1), id)
  )
  if (!counting) {
    found$uno <- agreed(concordance(fit, timewt = "n/G2", influence = 1), id)
    found$tau <- unname(quantile(data[[case$y[1]]], 0.6, type = 1))
    found$uno_tau <- agreed(concordance(fit, timewt = "n/G2", ymax = found$tau, influence = 1), id)
    found$at <- at_times(fit, data, case$y, case$at)
    found$calibration <- calibrated(fit, data, case$y, case$at[length(case$at) %/% 2 + 1], 3)
  }
  number <- all.vars(as.formula(paste("~", case$x)))
  number <- number[sapply(data[number], is.numeric) & sapply(data[number], function(v) length(unique(v)) > 4)]
  found$lowess <- lapply(number, function(name) {
    smooth <- lowess(data[[name]], residuals(null, "martingale"), iter = 0, delta = 0)
    list(value = unique(smooth$x), smooth_null = smooth$y[!duplicated(smooth$x)])
  })
  without <- which.max(rowSums(abs(residuals(fit, "dfbetas"))))
  again <- fitted_closely(formula, data[-without, ], ties)
  found$without <- list(row = as.integer(rownames(data))[without] + 1, coef = unname(coef(again)))
  found
}

cases <- lapply(CASES, one, folder = arguments[1])
write_json(
  list(made_by = paste("R", getRversion(), "survival", packageVersion("survival")), cases = cases),
  arguments[2], digits = I(13), auto_unbox = TRUE, null = "null", na = "null"
)
