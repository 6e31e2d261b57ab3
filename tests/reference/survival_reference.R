# The independent reference for `python -m core analyse` (parts cohort, km, cox), in R.
#
# How to run it (R >= 4.2 with survival 3.5-3 or newer and jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/survival_reference.R FOLDER tests/reference/survival_reference.json
#
# Every number is computed by R's survival package: survfit, quantile, survmean, survdiff, coxph,
# cox.zph, concordance. What R does not offer (Gehan, Tarone-Ware, Fleming-Harrington with two
# exponents, any log-rank test under delayed entry, SPSS's interval of a median, SPSS's stepwise
# selection) is written out below from its definition and checked against survdiff where both
# exist. The fields of a query are read here by code of its own: nothing is shared with core/.
#
# A case is list(name, table, fields, keep, omit, iterative): `fields` are those of the query,
# `keep` is an R expression that says the same as the `where` fields, `omit` names parts of the
# answer on which the case is silent. Only what is written to "expect" is compared.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})
invisible(Sys.setlocale("LC_COLLATE", "C"))  # levels sort by code point, whatever the computer

DAYS <- c(days = 1, weeks = 7, months = 30.4375, years = 365.25)
# R's default stops at a relative change of 1e-9; the second fit below removes what is left.
CONTROL <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)

# ---- The query ----------------------------------------------------------------------------------

field <- function(case, name, default = NULL) {
  value <- case$fields[names(case$fields) == name]
  if (length(value) == 0) default else as.character(value[[1]])
}

# A comma inside double quotes does not separate.
pieces <- function(text) {
  if (is.null(text)) return(character())
  found <- scan(text = text, what = "", sep = ",", quote = "\"", quiet = TRUE)
  trimws(found)
}

query <- function(case) {
  values <- vapply(case$fields, as.character, "")
  paste0(names(values), "=", vapply(values, URLencode, "", reserved = TRUE), collapse = "&")
}

same <- function(column, values) {
  if (is.numeric(column)) column %in% as.numeric(values) else as.character(column) %in% values
}

# ---- Who is in ----------------------------------------------------------------------------------

# The table with the columns .time .event .entry .group .stratum, near-tied times merged.
cohort <- function(case, data) {
  time <- data[[field(case, "time")]]
  status <- data[[field(case, "event")]]
  entry <- field(case, "entry")
  data$.time <- time
  data$.event <- as.integer(same(status, pieces(field(case, "event_is"))))
  data$.entry <- if (is.null(entry)) 0 else data[[entry]]
  inside <- !is.na(time) & time >= 0 & !is.na(status) & status != ""
  if (!is.null(entry)) inside <- inside & !is.na(data$.entry) & data$.entry < time
  if (!is.null(case$keep)) {
    keep <- eval(case$keep, data)
    inside <- inside & !is.na(keep) & keep
  }
  by <- field(case, "group_by")
  if (!is.null(by)) inside <- inside & !is.na(data[[by]])
  landmark <- field(case, "landmark")
  if (!is.null(landmark)) inside <- inside & time > as.numeric(landmark) / shown(case)
  merge_ties(data[inside, , drop = FALSE], !is.null(entry), case)
}

merge_ties <- function(data, delayed, case) {
  y <- if (delayed) Surv(data$.entry, data$.time, data$.event) else Surv(data$.time, data$.event)
  y <- aeqSurv(y)
  data$.time <- y[, ncol(y) - 1]
  if (delayed) data$.entry <- y[, 1]
  attr(data, "delayed") <- delayed
  strata <- pieces(field(case, "strata"))
  data$.stratum <- if (length(strata)) {
    interaction(data[strata], drop = TRUE)
  } else factor(rep("all", nrow(data)))
  data
}

# What a time in `unit` is multiplied by to be shown in `show_unit`.
shown <- function(case) {
  unit <- field(case, "unit")
  DAYS[[unit]] / DAYS[[field(case, "show_unit", unit)]]
}

outcome <- function(data, event = data$.event) {
  if (isTRUE(attr(data, "delayed"))) Surv(data$.entry, data$.time, event) else {
    Surv(data$.time, event)
  }
}

rows_of <- function(data, chosen) {
  part <- data[chosen, , drop = FALSE]
  attr(part, "delayed") <- attr(data, "delayed")
  part
}

# ---- Groups -------------------------------------------------------------------------------------

thresholds <- function(x, rule, value = NULL) {
  probabilities <- switch(rule, median = 1 / 2, tertiles = 1:2 / 3, quartiles = 1:3 / 4,
                          quantile = as.numeric(pieces(value)))
  if (rule == "value") return(as.numeric(pieces(value)))
  unname(quantile(x, probabilities, type = 7, na.rm = TRUE))
}

# The fewest decimals, rounded half to even (sprintf), that leave every patient in his group.
short <- function(threshold, x, side, typed) {
  if (typed) return(sprintf("%.15g", threshold))
  above <- if (side == "ge") `>=` else `>`
  for (digits in 0:17) {
    text <- sprintf("%.*f", digits, threshold)
    if (identical(above(x, as.numeric(text)), above(x, threshold))) return(text)
  }
}

cut_groups <- function(x, rule, value = NULL, side = "ge") {
  limits <- thresholds(x, rule, value)
  text <- vapply(limits, short, "", x = x, side = side, typed = rule == "value")
  last <- length(text)
  signs <- if (side == "ge") c("< ", ">= ") else c("<= ", "> ")
  middle <- if (last > 1) paste0(text[-last], " to ", signs[1], text[-1])
  labels <- c(paste0(signs[1], text[1]), middle, paste0(signs[2], text[last]))
  code <- findInterval(x, limits, left.open = side == "gt") + 1
  list(group = factor(code, seq_along(labels), labels), limits = limits)
}

# Text sorts by code point, numbers by value.
levels_of <- function(x) {
  values <- sort(unique(x))
  factor(x, values, labels = if (is.numeric(values)) sprintf("%.15g", values) else values)
}

grouping <- function(case, data) {
  by <- field(case, "group_by")
  if (is.null(by)) return(list(group = factor(rep("All", nrow(data))), rule = NULL))
  x <- data[[by]]
  plain <- !is.numeric(x) || length(unique(x)) <= 6
  rule <- field(case, "cut_rule", if (plain) "none" else "median")
  if (rule == "none") return(list(group = levels_of(x), rule = rule))
  side <- field(case, "cut_side", "ge")
  found <- cut_groups(x, rule, field(case, "cut_value"), side)
  c(found, list(rule = rule, side = side))
}

describe_groups <- function(groups, data) {
  n <- tapply(data$.event, groups$group, length)
  events <- tapply(data$.event, groups$group, sum)
  levels <- lapply(levels(groups$group), function(level) {
    list(label = level, n = n[[level]], events = events[[level]])
  })
  if (is.null(groups$limits)) return(list(rule = groups$rule, levels = levels))
  list(rule = groups$rule, thresholds = I(groups$limits), side = groups$side,
       origin = if (groups$rule == "value") "typed" else groups$rule, levels = levels)
}

# ---- Kaplan-Meier -------------------------------------------------------------------------------

curve <- function(case, data, event = data$.event) {
  survfit(outcome(data, event) ~ 1, conf.type = field(case, "conf_type", "log-log"),
          conf.int = as.numeric(field(case, "conf_level", 0.95)))
}

follow_up <- function(case, data) {
  found <- quantile(curve(case, data, 1 - data$.event), 0.5)
  lapply(list(median = found$quantile, conf_low = found$lower, conf_high = found$upper),
         function(x) unname(x) * shown(case))
}

# methods.md B1: the first time with S <= p, standard error from the density around it; SPSS
# multiplies by 1.96 exactly.
spss_median <- function(fit) {
  at_event <- fit$n.event > 0
  time <- c(0, fit$time[at_event])
  surv <- c(1, fit$surv[at_event])
  fuzz <- sqrt(.Machine$double.eps)
  first <- which(surv <= 0.5 + fuzz)[1]
  upper <- max(which(surv >= 0.55 - fuzz))
  lower <- which(surv <= 0.45 + fuzz)[1]
  if (is.na(first) || is.na(lower)) return(c(time[first], NA, NA))
  density <- (surv[upper] - surv[lower]) / (time[lower] - time[upper])
  error <- (fit$std.err * fit$surv)[at_event][first - 1] / density
  time[first] + c(0, -1.96, 1.96) * error
}

median_of <- function(case, fit) {
  found <- vapply(quantile(fit, 0.5), unname, 0)
  spss <- field(case, "profile", "r") == "spss"
  if (spss || field(case, "median_ci", "curve") == "spss") {
    by_hand <- spss_median(fit)
    found[2:3] <- by_hand[2:3]
    if (spss) found[1] <- by_hand[1]
  }
  found * shown(case)
}

at_times <- function(case, data, fit) {
  times <- as.numeric(pieces(field(case, "at", case$default_at)))
  scaled <- times / shown(case)
  found <- summary(fit, times = scaled, extend = TRUE)
  # R's summary counts patients who have not entered yet between two exits; this is the definition.
  at_risk <- vapply(scaled, function(t) sum(data$.entry < t & data$.time >= t), 0)
  if (!isTRUE(attr(data, "delayed"))) {
    stopifnot(all((at_risk == found$n.risk)[scaled > 0]))
    at_risk <- found$n.risk
  }
  gone <- scaled > max(data$.time) & found$surv > 0
  lapply(seq_along(times), function(i) {
    value <- function(x) if (gone[i]) NA else x[i]
    list(time = times[i], n_risk = at_risk[i], estimate = value(found$surv),
         conf_low = value(found$lower), conf_high = value(found$upper))
  })
}

restricted_mean <- function(fit, horizon) {
  # R refuses a horizon before the first time of a curve, which is 1 until then.
  if (horizon < fit$time[1]) return(c(horizon, 0))
  unname(summary(fit, rmean = horizon)$table[c("rmean", "se(rmean)")])
}

km_groups <- function(case, data, group) {
  # Without a horizon in the query it is the earliest of the groups' last times.
  horizon <- field(case, "tau")
  horizon <- if (is.null(horizon)) {
    min(tapply(data$.time, group, max))
  } else as.numeric(horizon) / shown(case)
  lapply(levels(group), function(level) {
    part <- rows_of(data, group == level)
    fit <- curve(case, part)
    middle <- median_of(case, fit)
    area <- restricted_mean(fit, horizon) * shown(case)
    found <- list(label = level, n = nrow(part), events = sum(part$.event),
                  median = middle[[1]], conf_low = middle[[2]], conf_high = middle[[3]],
                  rmst = area[[1]], rmst_se = area[[2]])
    if (!is.null(field(case, "at", case$default_at))) found$at <- at_times(case, part, fit)
    found
  })
}

# ---- Tests --------------------------------------------------------------------------------------

# Observed minus expected and its hypergeometric variance in one stratum, weighted.
stratum_sums <- function(data, group, weight) {
  k <- nlevels(group)
  difference <- expected <- numeric(k)
  variance <- matrix(0, k, k)
  before <- 1
  for (t in sort(unique(data$.time[data$.event == 1]))) {
    risk <- (!isTRUE(attr(data, "delayed")) | data$.entry < t) & data$.time >= t
    died <- data$.time == t & data$.event == 1
    n <- sum(risk)
    d <- sum(died)
    share <- as.vector(table(group[risk])) / n
    w <- weight(n, before)
    difference <- difference + w * (as.vector(table(group[died])) - d * share)
    expected <- expected + d * share
    spread <- if (n > 1) d * (n - d) / (n - 1) else 0
    variance <- variance + w^2 * spread * (diag(share, k) - outer(share, share))
    before <- before * (1 - d / n)
  }
  list(difference = difference, expected = expected, variance = variance)
}

weight_of <- function(test) {
  if (test == "logrank") return(function(n, s) 1)
  if (test == "gehan") return(function(n, s) n)
  if (test == "tarone-ware") return(function(n, s) sqrt(n))
  if (test == "peto") return(function(n, s) s)
  power <- as.numeric(strsplit(gsub("fh\\(|\\)", "", test), ";")[[1]])
  function(n, s) s^power[1] * (1 - s)^power[2]
}

weighted_test <- function(data, group, test) {
  sums <- lapply(split(seq_len(nrow(data)), data$.stratum, drop = TRUE), function(rows) {
    stratum_sums(rows_of(data, rows), group[rows], weight_of(test))
  })
  total <- function(what) Reduce(`+`, lapply(sums, `[[`, what))
  # As survdiff: a group in which nothing was expected takes no degree of freedom.
  used <- which(total("expected") > 0)[-1]
  u <- total("difference")[used]
  if (!length(used)) return(c(statistic = NA, df = 0))
  c(statistic = sum(u * solve(total("variance")[used, used, drop = FALSE], u)), df = length(used))
}

by_survdiff <- function(data, group, rho) {
  found <- if (nlevels(data$.stratum) > 1) {
    survdiff(outcome(data) ~ group + strata(data$.stratum), rho = rho)
  } else survdiff(outcome(data) ~ group, rho = rho)
  expected <- if (is.matrix(found$exp)) rowSums(found$exp) else found$exp
  c(statistic = found$chisq, df = sum(expected > 0) - 1)
}

compare_groups <- function(case, data, group) {
  test <- field(case, "test", "logrank")
  known <- !is.na(data$.stratum)
  data <- rows_of(data, known)
  group <- droplevels(group[known])
  found <- weighted_test(data, group, test)
  if (found[["df"]] == 0) return(list(name = test, p_value = NA_real_))
  if (test %in% c("logrank", "peto") && !isTRUE(attr(data, "delayed"))) {
    by_hand <- found
    found <- by_survdiff(data, group, if (test == "peto") 1 else 0)
    stopifnot(isTRUE(all.equal(found, by_hand, tolerance = 1e-9)))
  }
  log_p <- pchisq(found[["statistic"]], found[["df"]], lower.tail = FALSE, log.p = TRUE)
  list(name = test, statistic = found[["statistic"]], df = found[["df"]],
       p_value = exp(log_p), log10_p = log_p / log(10))
}

pairwise <- function(case, data, group) {
  pairs <- combn(levels(group), 2)
  p <- apply(pairs, 2, function(pair) {
    rows <- group %in% pair
    compare_groups(case, rows_of(data, rows), droplevels(group[rows]))$p_value
  })
  method <- field(case, "adjust_pairwise", "holm")
  adjusted <- p.adjust(p, if (method == "bh") "BH" else method)
  lapply(seq_along(p), function(i) {
    list(a = pairs[1, i], b = pairs[2, i], p_value = p[i], p_adjusted = adjusted[i])
  })
}

# ---- Cox ----------------------------------------------------------------------------------------

# Harrell's knots; a natural spline on them spans the same curves as his restricted cubic spline.
spline_columns <- function(x, k) {
  probabilities <- switch(k - 2, c(.1, .5, .9), c(.05, .35, .65, .95), c(.05, .275, .5, .725, .95))
  knots <- quantile(x, probabilities, type = 7, na.rm = TRUE)
  splines::ns(x, knots = knots[2:(k - 1)], Boundary.knots = knots[c(1, k)])
}

# One column of the model frame from the text of one term.
column <- function(term, data) {
  name <- sub(":.*$", "", term)
  how <- sub("\\(.*$", "", sub("^[^:]*:?", "", term))
  value <- if (grepl("(", term, fixed = TRUE)) sub("^[^(]*\\((.*)\\)$", "\\1", term)
  x <- data[[name]]
  if (how == "") return(if (is.numeric(x)) x else levels_of(x))
  switch(how,
    per = x / as.numeric(value),
    log2 = log2(x),
    trend = as.numeric(levels_of(x)),
    spline = spline_columns(x, as.integer(value)),
    cat = if (is.null(value)) levels_of(x) else relevel(levels_of(x), value),
    cut = if (value %in% c("median", "tertiles", "quartiles")) {
      cut_groups(x, value)$group
    } else cut_groups(x, "value", value)$group
  )
}

# The frame of a model: v1, v2, ... in the order of the terms, an interaction has no column.
model_frame <- function(terms, data) {
  frame <- data.frame(row.names = seq_len(nrow(data)))
  single <- terms[!grepl("*", terms, fixed = TRUE)]
  for (i in seq_along(single)) frame[[paste0("v", i)]] <- column(single[i], data)
  list(frame = frame, single = single,
       complete = !is.na(data$.stratum) & (if (length(single)) complete.cases(frame) else TRUE))
}

formula_of <- function(terms, single, stratified) {
  name <- function(term) paste0("v", match(term, single))
  parts <- vapply(strsplit(terms, "*", fixed = TRUE), function(x) {
    paste(name(x), collapse = ":")
  }, "")
  text <- paste(c(parts, if (stratified) "strata(.stratum)"), collapse = " + ")
  as.formula(paste("y ~", text))
}

cox_fit <- function(case, data, terms) {
  # R moves interactions behind all main effects, wherever the formula has them.
  terms <- terms[order(grepl("*", terms, fixed = TRUE))]
  model <- model_frame(terms, data)
  data <- rows_of(data, model$complete)
  frame <- droplevels(model$frame[model$complete, , drop = FALSE])
  frame$y <- outcome(data)
  frame$.stratum <- data$.stratum
  spss <- field(case, "profile", "r") == "spss"
  ties <- field(case, "ties", if (spss) "breslow" else "efron")
  formula <- formula_of(terms, model$single, nlevels(data$.stratum) > 1)
  environment(formula) <- environment()  # cox.zph and concordance look for `frame` there
  first <- coxph(formula, frame, ties = ties, control = CONTROL)
  # Once more from there: Newton's last step squares the error that is left.
  fit <- coxph(formula, frame, ties = ties, control = CONTROL, init = coef(first),
               x = TRUE, model = TRUE)
  stopifnot(identical(names(fit$assign), setdiff(attr(terms(formula), "term.labels"),
                                                 "strata(.stratum)")))
  list(fit = fit, null = first$loglik[1], frame = frame, events = data$.event,
       single = model$single, terms = terms)
}

estimates <- function(case, coef, error) {
  z <- qnorm((1 + as.numeric(field(case, "conf_level", 0.95))) / 2)
  list(coef = coef, std_error = error, hazard_ratio = exp(coef), conf_low = exp(coef - z * error),
       conf_high = exp(coef + z * error),
       p_value = pchisq((coef / error)^2, 1, lower.tail = FALSE))
}

# The rows of one term; `index` are its coefficients.
term_rows <- function(case, model, i) {
  term <- model$terms[i]
  index <- model$fit$assign[[i]]
  error <- sqrt(diag(model$fit$var))[index]
  values <- lapply(seq_along(index), function(j) {
    estimates(case, unname(coef(model$fit)[index[j]]), error[j])
  })
  both <- strsplit(term, "*", fixed = TRUE)[[1]]
  x <- lapply(both, function(name) model$frame[[paste0("v", match(name, model$single))]])
  head <- if (length(both) == 2) product_heads(term, x) else term_heads(term, x[[1]], model$events)
  Map(c, head, values)
}

term_heads <- function(term, x, events) {
  if (!is.factor(x)) {
    return(list(list(term = term, level = NA_character_, reference = NA_character_,
                     n = length(events), events = sum(events))))
  }
  lapply(levels(x)[-1], function(level) {
    list(term = term, level = level, reference = levels(x)[1],
         n = sum(x == level), events = sum(events[x == level]))
  })
}

# Products of two categories are named by both levels, first varying fastest as in R.
product_heads <- function(term, x) {
  if (!all(vapply(x, is.factor, TRUE))) {
    count <- prod(vapply(x, function(v) if (is.factor(v)) nlevels(v) - 1L else 1L, 1L))
    return(rep(list(list(term = term)), count))
  }
  cells <- expand.grid(a = levels(x[[1]])[-1], b = levels(x[[2]])[-1])
  lapply(seq_len(nrow(cells)), function(i) {
    list(term = term, level = paste(cells$a[i], "x", cells$b[i]))
  })
}

all_rows <- function(case, model) {
  do.call(c, lapply(seq_along(model$terms), function(i) term_rows(case, model, i)))
}

hazard_checks <- function(model) {
  found <- cox.zph(model$fit, transform = "km")$table
  names <- c(model$terms, "GLOBAL")
  stopifnot(identical(rownames(found), c(names(model$fit$assign), "GLOBAL")))
  lapply(seq_along(names), function(i) {
    list(term = names[i], statistic = found[i, "chisq"], df = found[i, "df"],
         p_value = found[i, "p"])
  })
}

cox_part <- function(case, data) {
  terms <- pieces(field(case, "terms"))
  select <- field(case, "select", "none")
  steps <- NULL
  if (select != "none") {
    chosen <- forward(case, data, terms, as.numeric(strsplit(select, ":")[[1]][2:3]))
    terms <- chosen$terms
    steps <- chosen$steps
  }
  model <- cox_fit(case, data, terms)
  loglik <- model$fit$loglik[2]
  statistic <- 2 * (loglik - model$null)
  df <- sum(!is.na(coef(model$fit)))
  found <- list(n = model$fit$n, events = model$fit$nevent, log_likelihood = loglik,
                lr_test = list(statistic = statistic, df = df,
                               p_value = pchisq(statistic, df, lower.tail = FALSE)))
  if (any(grepl(":spline", terms, fixed = TRUE))) return(found)
  found$multivariable <- all_rows(case, model)
  found$concordance <- concordance(model$fit)$concordance[[1]]
  found$proportional_hazards <- hazard_checks(model)
  if (!is.null(steps)) return(c(found, list(selection = steps)))
  if (any(grepl("*", terms, fixed = TRUE))) return(found)
  found$univariable <- do.call(c, lapply(terms, function(term) {
    all_rows(case, cox_fit(case, data, term))
  }))
  found
}

# ---- Stepwise selection as in SPSS (methods.md B7): score test to enter, Wald to remove ---------

score_p <- function(case, data, terms, candidate) {
  start <- if (length(terms)) coef(cox_fit(case, data, terms)$fit) else numeric()
  model <- model_frame(c(terms, candidate), data)
  frame <- model$frame
  frame$y <- outcome(data)
  fit <- coxph(formula_of(model$single, model$single, FALSE), frame, init = c(start, 0),
               ties = field(case, "ties", "efron"), control = coxph.control(iter.max = 0))
  pchisq(fit$score, 1, lower.tail = FALSE)
}

forward <- function(case, data, candidates, limits) {
  # All steps are on the patients who have every candidate.
  data <- rows_of(data, model_frame(candidates, data)$complete)
  terms <- character()
  steps <- list()
  repeat {
    open <- setdiff(candidates, terms)
    p <- vapply(open, function(term) score_p(case, data, terms, term), 0)
    if (!length(p) || min(p) >= limits[1]) break
    terms <- c(terms, names(which.min(p)))
    steps <- c(steps, list(list(term = names(which.min(p)), p_value = min(p))))
    fit <- cox_fit(case, data, terms)$fit
    wald <- pchisq((coef(fit)^2 / diag(fit$var)), 1, lower.tail = FALSE)
    # No reference path removes a term; if one ever does, this script has to learn it.
    stopifnot(max(wald) <= limits[2])
  }
  list(terms = terms, steps = steps)
}

# ---- The hazard ratio of the displayed groups ---------------------------------------------------

# A level without events has no finite hazard ratio and adds nothing to the likelihood of the
# others (its limit is that of leaving it out): it is null, the others come from the rest.
hazard_ratio <- function(case, data, group) {
  known <- !is.na(data$.stratum)
  data <- rows_of(data, known)
  group <- group[known]
  events <- tapply(data$.event, group, sum)
  stopifnot(events[[1]] > 0)
  alive <- names(events)[events > 0]
  kept <- group %in% alive
  part <- rows_of(data, kept)
  part$.shown <- as.character(group[kept])
  x <- factor(part$.shown, alive)
  part$.shown <- as.integer(x)
  model <- cox_fit(case, part, ".shown:cat")
  index <- match(levels(group)[-1], alive) - 1
  lapply(seq_along(index), function(i) {
    j <- index[i]
    level <- levels(group)[i + 1]
    coef <- if (is.na(j)) NA_real_ else unname(coef(model$fit)[j])
    error <- if (is.na(j)) NA_real_ else sqrt(diag(model$fit$var))[j]
    c(list(level = level, reference = levels(group)[1], n = sum(group == level),
           events = events[[level]]), estimates(case, coef, error))
  })
}

# ---- A case -------------------------------------------------------------------------------------

km_part <- function(case, data, group) {
  found <- list(groups = km_groups(case, data, group))
  if (nlevels(group) < 2) return(found)
  found$test <- compare_groups(case, data, group)
  found$hazard_ratio <- hazard_ratio(case, data, group)
  if (nlevels(group) > 2 && !"km.pairwise" %in% case$omit) {
    found$pairwise <- pairwise(case, data, group)
  }
  found
}

expectation <- function(case, data) {
  data <- cohort(case, data)
  groups <- grouping(case, data)
  found <- list(cohort = list(n = nrow(data), events = sum(data$.event),
                              follow_up = follow_up(case, data)))
  if (!is.null(groups$rule)) found$groups <- describe_groups(groups, data)
  found$km <- km_part(case, data, groups$group)
  if (!is.null(field(case, "terms"))) found$cox <- cox_part(case, data)
  for (path in case$omit) found <- without(found, strsplit(path, ".", fixed = TRUE)[[1]])
  found
}

# Remove one path of names; a list without names is entered element by element.
without <- function(x, path) {
  if (is.null(names(x))) return(lapply(x, without, path))
  if (length(path) == 1) {
    x[[path]] <- NULL
  } else if (!is.null(x[[path[1]]])) {
    x[[path[1]]] <- without(x[[path[1]]], path[-1])
  }
  x
}

# `default_at` are the times that a query without `at` reports.
case <- function(name, table, fields, keep = NULL, omit = character(), iterative = FALSE,
                 default_at = NULL) {
  list(name = name, table = table, fields = fields, keep = keep, omit = omit,
       iterative = iterative, default_at = default_at)
}

read_table <- function(path) {
  separator <- if (grepl("\\.(tsv|txt)$", path)) "\t" else ","
  comment <- if (grepl("data_clinical", path)) "#" else ""
  read.table(path, header = TRUE, sep = separator, quote = "\"", comment.char = comment,
             na.strings = c("", "NA"), check.names = FALSE, stringsAsFactors = FALSE,
             fill = TRUE, encoding = "UTF-8")
}

# Cells that are not finite are null; one line a case keeps differences readable.
as_json <- function(x) {
  tidy <- function(v) {
    if (is.list(v)) return(lapply(v, tidy))
    if (is.numeric(v)) v[!is.finite(v)] <- NA
    v
  }
  toJSON(tidy(x), auto_unbox = TRUE, digits = NA, na = "null", null = "null")
}

compute <- function(cases, folder) {
  names <- vapply(cases, `[[`, "", "name")
  stopifnot(!anyDuplicated(names))
  vapply(cases, function(case) {
    found <- tryCatch(expectation(case, read_table(file.path(folder, case$table))),
                      warning = function(w) stop(case$name, ": ", conditionMessage(w)),
                      error = function(e) stop(case$name, ": ", conditionMessage(e)))
    head <- list(name = case$name, table = case$table, query = query(case))
    if (case$iterative) head$iterative <- TRUE
    as.character(as_json(c(head, list(expect = found))))
  }, "")
}

write_cases <- function(cases, folder, path) {
  made_with <- as_json(list(R = as.character(getRversion()),
                            survival = as.character(packageVersion("survival"))))
  text <- c(paste0("{\"made_with\": ", made_with, ","), "\"cases\": [",
            paste(compute(cases, folder), collapse = ",\n"), "]}")
  writeLines(text, path, useBytes = TRUE)
}

# ---- The cases ----------------------------------------------------------------------------------

LUNG <- list(time = "time", unit = "days", event = "status", event_is = "1")
GBSG2 <- list(time = "time", unit = "days", event = "cens", event_is = "1")
VETERANS <- list(time = "Survival_in_days", unit = "days", event = "Status", event_is = "1")
ROSSI <- list(time = "week", unit = "weeks", event = "arrest", event_is = "1")
FOUR <- list(time = "time", unit = "months", event = "event", event_is = "1", competing = "2")
MONTHS <- list(time = "time", unit = "months", event = "event", event_is = "1")
ENTRY <- list(time = "exit", unit = "months", event = "event", event_is = "1", entry = "entry")
NEAR <- list(time = "months", unit = "months", event = "event", event_is = "1")
SPSS <- list(time = "time", unit = "days", event = "status", event_is = "1")
NO_HORIZON <- c("km.groups.rmst", "km.groups.rmst_se")

with_fields <- function(base, ...) c(base, list(...))

curve_cases <- function() {
  lung <- function(name, ..., omit = character()) {
    case(name, "lung.csv", with_fields(LUNG, ...), omit = omit)
  }
  list(
    lung("lung_one_group", at = "0,3,5,100,365,730,1100"),
    lung("lung_sex", group_by = "sex", at = "100,365,730,1000", tau = "365"),
    lung("lung_sex_log", group_by = "sex", conf_type = "log", at = "2,100,365,730", tau = "730"),
    lung("lung_sex_plain", group_by = "sex", conf_type = "plain", at = "5,100,365,1000"),
    lung("lung_sex_level_90", group_by = "sex", conf_level = "0.9", at = "365"),
    lung("lung_plain_level_99", conf_level = "0.99", conf_type = "plain", at = "100,800,1022"),
    lung("lung_sex_in_months", group_by = "sex", show_unit = "months", at = "6,12,24,33",
         tau = "12"),
    lung("lung_sex_in_years", group_by = "sex", show_unit = "years", at = "0.5,1,2", tau = "2"),
    lung("lung_sex_in_weeks", group_by = "sex", show_unit = "weeks", at = "26,52"),
    lung("lung_ecog_missing_group", group_by = "ph.ecog", at = "118,200,800", tau = "100"),
    case("lung_default_times", "lung.csv", with_fields(LUNG, show_unit = "months"),
         default_at = "6,12,18,24,30"),
    case("four_groups_default_times", "four_groups.csv", with_fields(FOUR, group_by = "arm"),
         default_at = "12,24,36,48"),
    case("waltons_groups", "waltons.csv",
         list(time = "T", unit = "days", event = "E", event_is = "1", group_by = "group",
              at = "6,30,60,75", tau = "60")),
    case("larynx_years_in_months", "larynx.csv",
         list(time = "time", unit = "years", event = "death", event_is = "1",
              show_unit = "months", group_by = "Stage_IV", at = "12,36,100", tau = "24")),
    case("leukemia_arms", "leukemia.csv",
         list(time = "t", unit = "weeks", event = "status", event_is = "1", group_by = "Rx",
              at = "1,10,23,30", tau = "20")),
    case("rossi_heavy_ties", "rossi.csv",
         with_fields(ROSSI, group_by = "fin", at = "10,26,52", tau = "52")),
    case("whas500_groups", "whas500.csv",
         list(time = "lenfol", unit = "days", event = "fstat", event_is = "1", group_by = "chf",
              show_unit = "years", at = "1,3,5", tau = "4")),
    case("aids_few_events", "aids.csv",
         list(time = "time", unit = "days", event = "censor", event_is = "1", group_by = "tx",
              at = "90,180,300", tau = "300"))
  )
}

awkward_cases <- function() {
  months <- function(name, table, ..., omit = character()) {
    case(name, table, with_fields(MONTHS, ...), omit = omit)
  }
  list(
    months("plateau_at_one_half", "plateau.csv", group_by = "group", at = "2,2.5,4,9"),
    months("plateau_at_one_half_plain", "plateau.csv", group_by = "group", conf_type = "plain",
           omit = "km.pairwise"),
    months("early_censored_group", "early_censored.csv", group_by = "group", at = "3,10,40",
           omit = "km.pairwise"),
    months("early_censored_group_peto", "early_censored.csv", group_by = "group", test = "peto",
           omit = "km.pairwise"),
    months("zero_times", "zero_times.csv", group_by = "arm", at = "0,12,36", tau = "30",
           terms = "x"),
    months("separated_level", "separation.csv", group_by = "marker", at = "12,24", tau = "20"),
    months("heavy_ties_grades", "heavy_ties.csv", group_by = "grade", at = "1,3,6"),
    months("heavy_ties_stratified", "heavy_ties.csv", group_by = "treated", strata = "grade"),
    case("near_ties_arms", "near_ties.csv",
         with_fields(NEAR, group_by = "arm", at = "0.3,0.5,3.3,12", terms = "x,arm")),
    case("near_ties_in_days", "near_ties.csv",
         with_fields(NEAR, group_by = "arm", show_unit = "days", test = "gehan", tau = "300")),
    case("near_ties_breslow", "near_ties.csv", with_fields(NEAR, ties = "breslow", terms = "x")),
    case("landmark_90_days", "lung.csv",
         with_fields(LUNG, group_by = "sex", landmark = "90", at = "180,365", terms = "age,sex"),
         omit = NO_HORIZON),
    case("landmark_in_months", "lung.csv",
         with_fields(LUNG, group_by = "sex", landmark = "6", show_unit = "months", at = "12,24"),
         omit = NO_HORIZON)
  )
}

entry_cases <- function() {
  entry <- function(name, ...) case(name, "delayed_entry.csv", with_fields(ENTRY, ...))
  list(
    entry("entry_arms", group_by = "arm", at = "3,10,20,35", tau = "25", terms = "dose"),
    entry("entry_one_group", at = "3,10,20", conf_type = "log"),
    entry("entry_sites_gehan", group_by = "site", test = "gehan", terms = "site,dose"),
    entry("entry_peto_weights", group_by = "arm", test = "peto"),
    entry("entry_fleming_harrington", group_by = "arm", test = "fh(1;1)"),
    entry("entry_stratified", group_by = "arm", strata = "site", terms = "arm,dose:per(10)"),
    entry("entry_breslow", ties = "breslow", terms = "arm,dose,stage:cat"),
    entry("entry_interaction", terms = "arm,site,arm*site"),
    case("macs_one_group", "macs.csv",
         list(time = "T", unit = "years", event = "D", event_is = "1", entry = "W",
              at = "5,6,7", terms = "AIDSY")),
    case("heart_start_stop", "heart.csv",
         list(time = "stop", unit = "days", event = "event", event_is = "1", entry = "start",
              terms = "age,year,surgery,transplant"),
         omit = c("cohort.follow_up", "km"))
  )
}

test_cases <- function() {
  tests <- c(gehan = "gehan", tarone = "tarone-ware", peto = "peto", fh11 = "fh(1;1)",
             fh01 = "fh(0;1)", fh10 = "fh(1;0)", fh_half = "fh(0.5;0.5)")
  named <- function(prefix, table, fields) {
    lapply(names(tests), function(short) {
      case(paste0(prefix, short), table, c(fields, list(test = tests[[short]])))
    })
  }
  adjusted <- lapply(c("none", "bonferroni", "holm", "bh"), function(method) {
    case(paste0("pairwise_", method), "four_groups.csv",
         with_fields(FOUR, group_by = "arm", adjust_pairwise = method))
  })
  c(
    named("lung_sex_", "lung.csv", with_fields(LUNG, group_by = "sex")),
    named("veterans_cells_", "veterans.csv", with_fields(VETERANS, group_by = "Celltype")),
    adjusted,
    list(
      case("veterans_cells", "veterans.csv", with_fields(VETERANS, group_by = "Celltype")),
      case("veterans_arm_stratified", "veterans.csv",
           with_fields(VETERANS, group_by = "Treatment", strata = "Celltype")),
      case("lung_sex_by_missing_stratum", "lung.csv",
           with_fields(LUNG, group_by = "sex", strata = "inst", terms = "age")),
      case("lung_sex_two_strata", "lung.csv",
           with_fields(LUNG, group_by = "sex", strata = "ph.ecog,inst")),
      case("gbsg2_stratified_gehan", "gbsg2.csv",
           with_fields(GBSG2, group_by = "horTh", strata = "tgrade", test = "gehan")),
      case("gbsg2_stratified_peto", "gbsg2.csv",
           with_fields(GBSG2, group_by = "horTh", strata = "tgrade", test = "peto")),
      case("gbsg2_stratified_fh", "gbsg2.csv",
           with_fields(GBSG2, group_by = "horTh", strata = "menostat,tgrade", test = "fh(1;1)"))
    )
  )
}

cut_cases <- function() {
  lung <- function(name, ...) case(name, "lung.csv", with_fields(LUNG, group_by = "age", ...))
  gbsg2 <- function(name, by, ..., omit = character()) {
    case(name, "gbsg2.csv", with_fields(GBSG2, group_by = by, ...), omit = omit)
  }
  unsure <- c("groups.levels.label", "km.groups.label", "km.pairwise", "km.hazard_ratio.level",
              "km.hazard_ratio.reference")
  list(
    lung("cut_default_median"),
    lung("cut_median_gt", cut_rule = "median", cut_side = "gt"),
    lung("cut_tertiles", cut_rule = "tertiles"),
    lung("cut_quartiles", cut_rule = "quartiles"),
    lung("cut_quantile_90", cut_rule = "quantile", cut_value = "0.9"),
    lung("cut_quantile_two", cut_rule = "quantile", cut_value = "0.2,0.65"),
    lung("cut_value_60", cut_rule = "value", cut_value = "60"),
    lung("cut_value_62.5", cut_rule = "value", cut_value = "62.5"),
    lung("cut_value_gt", cut_rule = "value", cut_value = "60", cut_side = "gt"),
    gbsg2("cut_ties_at_median_ge", "pnodes", cut_rule = "median"),
    gbsg2("cut_ties_at_median_gt", "pnodes", cut_rule = "median", cut_side = "gt"),
    gbsg2("cut_two_values", "progrec", cut_rule = "value", cut_value = "7,32.5"),
    gbsg2("cut_two_values_gt", "progrec", cut_rule = "value", cut_value = "7,131",
          cut_side = "gt", omit = unsure),
    gbsg2("cut_quartiles_equal_neighbours", "tsize", cut_rule = "quartiles"),
    case("cut_decimals", "four_groups.csv",
         with_fields(FOUR, group_by = "marker", cut_rule = "tertiles")),
    case("cut_no_rule_for_few_values", "rossi.csv",
         with_fields(ROSSI, group_by = "wexp", cut_rule = "none")),
    case("cut_of_bmi", "whas500.csv",
         list(time = "lenfol", unit = "days", event = "fstat", event_is = "1", group_by = "bmi",
              cut_rule = "quartiles", test = "tarone-ware"))
  )
}

filter_cases <- function() {
  four <- function(name, where, keep, ...) {
    fields <- c(FOUR, list(group_by = "male", terms = "age"),
                setNames(as.list(where), rep("where", length(where))), list(...))
    case(name, "four_groups.csv", fields, keep)
  }
  list(
    four("where_equal", "arm = B", quote(arm == "B")),
    four("where_not_equal_missing", "grade != II", quote(grade != "II")),
    four("where_less", "marker < 6.5", quote(marker < 6.5)),
    four("where_less_or_equal", "age <= 50", quote(age <= 50)),
    four("where_greater", "age > 50", quote(age > 50)),
    four("where_greater_or_equal", "marker >= 3", quote(marker >= 3)),
    four("where_in", "grade in I,III", quote(grade %in% c("I", "III"))),
    four("where_not_in_missing", "grade not in I,III",
         quote(!is.na(grade) & !grade %in% c("I", "III"))),
    four("where_with_spaces", "site != bone only", quote(site != "bone only")),
    four("where_quoted_comma", "site in \"liver, lung\",node",
         quote(site %in% c("liver, lung", "node"))),
    four("where_quoted_column", "\"age\" >= 40", quote(age >= 40)),
    four("where_number_as_number", "male = 1.0", quote(male == 1)),
    four("where_three_filters", c("age >= 40", "arm not in D", "marker != 3.25"),
         quote(age >= 40 & arm != "D" & marker != 3.25)),
    case("where_and_cut", "gbsg2.csv",
         with_fields(GBSG2, group_by = "progrec", cut_rule = "median", where = "tgrade in II,III",
                     where = "menostat = Post"),
         quote(tgrade %in% c("II", "III") & menostat == "Post"))
  )
}

cox_cases <- function() {
  lung <- function(name, ...) case(name, "lung.csv", with_fields(LUNG, ...))
  gbsg2 <- function(name, ..., keep = NULL) case(name, "gbsg2.csv", with_fields(GBSG2, ...), keep)
  all <- "horTh,age,menostat,tsize,tgrade,pnodes,progrec,estrec"
  list(
    lung("cox_lung", terms = "age,sex,ph.ecog"),
    lung("cox_lung_breslow", terms = "age,sex,ph.ecog", ties = "breslow"),
    lung("cox_lung_level_90", terms = "age,sex", conf_level = "0.9"),
    lung("cox_lung_stratified", terms = "age,sex,wt.loss", strata = "ph.ecog"),
    lung("cox_lung_stratified_missing", terms = "age,sex", strata = "inst", ties = "breslow"),
    lung("cox_lung_many_missing", terms = "age:per(10),meal.cal,wt.loss,ph.ecog:cat"),
    lung("cox_lung_one_term", terms = "age"),
    lung("cox_lung_terms_of_group", group_by = "sex", terms = "sex:cat,age"),
    gbsg2("cox_gbsg2", terms = all),
    gbsg2("cox_gbsg2_breslow", terms = all, ties = "breslow"),
    gbsg2("cox_gbsg2_stratified", terms = "horTh,age,pnodes,progrec", strata = "tgrade,menostat"),
    gbsg2("cox_gbsg2_reference", terms = "tgrade:cat(II),horTh:cat(yes),age:per(10)"),
    gbsg2("cox_gbsg2_trend", terms = "tgrade:trend,horTh"),
    gbsg2("cox_gbsg2_log2", terms = "progrec:log2,pnodes:log2,horTh", where = "progrec > 0",
          keep = quote(progrec > 0)),
    gbsg2("cox_gbsg2_cut_value", terms = "progrec:cut(20),pnodes:cut(3.5),age"),
    gbsg2("cox_gbsg2_cut_median", terms = "progrec:cut(median),tsize:cut(tertiles)"),
    gbsg2("cox_gbsg2_spline_3", terms = "age:spline(3),horTh"),
    gbsg2("cox_gbsg2_spline_4", terms = "age:spline(4)"),
    gbsg2("cox_gbsg2_spline_5", terms = "horTh,age:spline(5),tgrade"),
    gbsg2("cox_gbsg2_interaction", terms = "horTh,menostat,horTh*menostat"),
    gbsg2("cox_gbsg2_interaction_numeric", terms = "horTh,age,horTh*age,pnodes")
  )
}

more_cox_cases <- function() {
  four <- function(name, ...) case(name, "four_groups.csv", with_fields(FOUR, ...))
  rossi <- "fin,age,race,wexp,mar,paro,prio"
  cells <- "Celltype:cat(squamous),Karnofsky_score,Months_from_Diagnosis,Age_in_years"
  list(
    case("cox_rossi", "rossi.csv", with_fields(ROSSI, terms = rossi)),
    case("cox_rossi_breslow", "rossi.csv", with_fields(ROSSI, terms = rossi, ties = "breslow")),
    case("cox_heavy_ties", "heavy_ties.csv",
         with_fields(MONTHS, terms = "grade,treated,count")),
    case("cox_heavy_ties_stratified_breslow", "heavy_ties.csv",
         with_fields(MONTHS, terms = "treated,count", strata = "grade", ties = "breslow")),
    four("cox_four_missing", terms = "arm,grade,marker,age"),
    four("cox_four_interaction", terms = "arm,grade,arm*grade"),
    four("cox_four_strata_missing", terms = "arm,marker:log2", strata = "site"),
    four("cox_four_cut_missing", terms = "marker:cut(median),male:cat,age:cut(quartiles)"),
    four("cox_four_group_and_terms", group_by = "grade", terms = "grade,arm:cat(C)"),
    case("cox_veterans", "veterans.csv",
         with_fields(VETERANS, terms = paste0(cells, ",Treatment,Prior_therapy"))),
    case("cox_whas500", "whas500.csv",
         list(time = "lenfol", unit = "days", event = "fstat", event_is = "1",
              terms = "age:per(10),gender,bmi,chf,hr,los")),
    case("cox_aids", "aids.csv",
         list(time = "time", unit = "days", event = "censor", event_is = "1",
              terms = "tx,cd4,priorzdv,ivdrug:cat", strata = "strat2")),
    case("cox_leukemia", "leukemia.csv",
         list(time = "t", unit = "weeks", event = "status", event_is = "1",
              terms = "Rx,logWBC,sex")),
    case("cox_spss72", "spss72.csv", with_fields(SPSS, terms = "age,sex", ties = "breslow")),
    case("select_veterans_forward", "veterans.csv",
         with_fields(VETERANS, ties = "breslow", select = "forward:0.10:0.15", terms = paste0(
           "Karnofsky_score,is_adeno,is_small,is_large,is_test,Months_from_Diagnosis,",
           "Age_in_years,is_prior"))),
    case("select_gbsg2_forward", "gbsg2.csv",
         with_fields(GBSG2, ties = "breslow", select = "forward:0.10:0.15",
                     terms = "pnodes,progrec,tgrade:trend,horTh,tsize,age,menostat,estrec"))
  )
}

spss_cases <- function() {
  # The SPSS profile has rules of its own for the mean; the cases are silent on it.
  list(
    case("spss_median_by_sex", "spss72.csv",
         with_fields(SPSS, group_by = "sex", median_ci = "spss")),
    case("spss_median_overall", "spss72.csv", with_fields(SPSS, median_ci = "spss")),
    case("spss_median_lung", "lung.csv",
         with_fields(LUNG, group_by = "sex", median_ci = "spss", show_unit = "months")),
    case("spss_median_leukemia", "leukemia.csv",
         list(time = "t", unit = "weeks", event = "status", event_is = "1", group_by = "Rx",
              median_ci = "spss")),
    case("spss_profile_by_sex", "spss72.csv",
         with_fields(SPSS, group_by = "sex", profile = "spss"),
         omit = c(NO_HORIZON, "cohort.follow_up")),
    case("spss_profile_plateau", "veterans.csv",
         with_fields(VETERANS, group_by = "Treatment", profile = "spss",
                     terms = "Karnofsky_score,Treatment"),
         omit = c(NO_HORIZON, "cohort.follow_up"))
  )
}

reference_cases <- function() {
  c(curve_cases(), awkward_cases(), entry_cases(), test_cases(), cut_cases(), filter_cases(),
    cox_cases(), more_cox_cases(), spss_cases())
}

if (sys.nframe() == 0L) {
  options(warn = 1)
  arguments <- commandArgs(trailingOnly = TRUE)
  write_cases(reference_cases(), arguments[1], arguments[2])
}
