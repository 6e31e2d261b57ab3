# Questions of time: covariates that change once (tmerge), landmarks, and another origin of time.
#
# How to run it (R >= 4.2 with survival, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/timing_reference.R FOLDER tests/reference/timing_reference.json

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
EXACT <- coxph.control(eps = 1e-14, iter.max = 50, toler.chol = 1e-15)

table_of <- function(name) read.csv(
  file.path(arguments[1], paste0(name, ".csv")), na.strings = c("", "NA")
)

cox <- function(formula, data, ties = "efron", ...) {
  fit <- coxph(formula, data, ties = ties, control = EXACT, ...)
  list(
    coef = as.vector(coef(fit)), se = sqrt(diag(fit$var)),
    loglik = fit$loglik, n = fit$n, events = fit$nevent
  )
}

curve <- function(formula, data) {
  fit <- survfit(formula, data, conf.type = "log-log")
  strata <- if (is.null(fit$strata)) rep(1, length(fit$time)) else rep(seq_along(fit$strata), fit$strata)
  keep <- fit$n.event > 0
  list(
    group = strata[keep], time = fit$time[keep], n_risk = fit$n.risk[keep],
    estimate = fit$surv[keep], conf_low = fit$lower[keep], conf_high = fit$upper[keep]
  )
}

# --- One row per heart patient, made from the intervals ------------------------------------------
heart <- table_of("heart")
one <- do.call(rbind, lapply(split(heart, heart$id), function(rows) {
  last <- rows[which.max(rows$stop), ]
  moved <- rows[rows$transplant == 1, ]
  data.frame(
    id = last$id, time = last$stop, event = last$event, age = last$age, year = last$year,
    surgery = last$surgery, transplant = max(rows$transplant),
    wait = if (nrow(moved)) moved$start[1] else NA
  )
}))
cut_at <- tmerge(one[c("id", "age", "year", "surgery")], one, id = id, died = event(time, event))
cut_at <- tmerge(cut_at, one[!is.na(one$wait), ], id = id, moved = tdc(wait))
since <- lapply(c(efron = "efron", breslow = "breslow"), function(ties) {
  cox(Surv(tstart, tstop, died) ~ age + year + surgery + moved, cut_at, ties)
})
stopped <- lapply(c(efron = "efron", breslow = "breslow"), function(ties) {
  cox(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, ties)
})
naive <- cox(Surv(time, event) ~ transplant, one)

landmarks <- lapply(c(30, 100), function(at) {
  kept <- one[one$time > at, ]
  kept$early <- as.numeric(!is.na(kept$wait) & kept$wait <= at)
  kept$from <- at
  test <- survdiff(Surv(time - at, event) ~ early, kept)
  list(
    landmark = at, n = nrow(kept), n_early = sum(kept$early), events = sum(kept$event),
    chisq = test$chisq, cox = cox(Surv(time, event) ~ early, kept),
    cox_entered = cox(Surv(from, time, event) ~ early, kept),
    curve = curve(Surv(from, time, event) ~ early, kept)
  )
})

# --- Two covariates that change, in a table without real patients --------------------------------
four <- table_of("four_groups")
four <- four[!is.na(four$grade), ]
i <- as.integer(substr(four$patient, 2, 4))
four$event <- as.numeric(four$event == 1)
four$seen <- ifelse(i %% 3 == 0, NA, round(four$time * ((7 * i) %% 10) / 8, 2))
four$measured <- ifelse(i %% 4 == 0, NA, round(four$time * ((3 * i) %% 11) / 9, 2))
four$level <- (5 * i) %% 13
long <- tmerge(four[c("patient", "male", "age")], four, id = patient, died = event(time, event))
long <- tmerge(long, four[!is.na(four$seen), ], id = patient, response = tdc(seen, grade, init = "not yet"))
long <- tmerge(long, four[!is.na(four$measured), ], id = patient, amount = tdc(measured, level, init = 0))
long$response <- relevel(factor(long$response), "not yet")
changing <- cox(Surv(tstart, tstop, died) ~ age + response + amount + strata(male), long)
changing$rows <- nrow(long)

# --- Another origin: numbers, before and after the present one, with delayed entry ---------------
late <- table_of("delayed_entry")
late$origin <- late$dose %% 11 - 5
late$stop <- late$exit - late$origin
late$start <- pmax(late$entry - late$origin, 0)
kept <- late[!(late$origin > 0 & late$exit <= late$origin), ]
moved <- list(
  n = nrow(kept), events = sum(kept$event),
  curve = curve(Surv(start, stop, event) ~ arm, kept),
  cox = cox(Surv(start, stop, event) ~ arm + stage, kept)
)

write(
  toJSON(
    list(
      made_by = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
      since = since, stopped = stopped, naive = naive, landmarks = landmarks,
      changing = changing, origin = moved
    ),
    digits = 15, auto_unbox = TRUE, na = "null", pretty = TRUE
  ),
  arguments[2]
)
