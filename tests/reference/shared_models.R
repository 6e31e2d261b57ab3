# Models, their diagnostics and competing risks for real tables that are not in this repository.
#
# How to run it (R >= 4.2 with survival, cmprsk, jsonlite), FOLDER being the folder of the tables:
#
#   Rscript tests/reference/shared_models.R FOLDER tests/reference/shared_models.json
#
# Only the numbers and this script are stored. A case says what it expects of the published answer.

suppressPackageStartupMessages({
  library(survival)
  library(cmprsk)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
read <- function(name) read.csv(file.path(arguments[1], name))
TIGHT <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

query <- function(...) {
  given <- list(...)
  paste(names(given), vapply(given, utils::URLencode, "", reserved = TRUE), sep = "=", collapse = "&")
}

test <- function(x) list(statistic = unname(x["test"]), df = unname(x["df"]),
                         p_value = unname(x["pvalue"]))

# Coefficients, tests of the model, of proportional hazards on four scales, and concordance.
cox <- function(name, table, data, formula, asked, ties = "efron", ...) {
  # The data themselves, not their name, stand in the call, which cox.zph reads again.
  fit <- do.call(coxph, list(formula, data, ties = ties, control = TIGHT, x = TRUE, y = TRUE, ...))
  whole <- summary(fit)
  wald <- drop(coef(fit) %*% solve(vcov(fit), coef(fit)))
  df <- length(coef(fit))
  expect <- list(cox = list(
    n = fit$n, events = fit$nevent, log_likelihood = fit$loglik[2],
    multivariable = lapply(seq_along(coef(fit)), function(k) {
      list(coef = unname(coef(fit)[k]), std_error = sqrt(vcov(fit)[k, k]))
    }),
    lr_test = test(whole$logtest), score_test = test(whole$sctest),
    wald_test = list(statistic = wald, df = df, p_value = pchisq(wald, df, lower.tail = FALSE))
  ))
  expect$residuals <- list(tests = unlist(lapply(c("km", "identity", "log", "rank"), function(g) {
    zph <- cox.zph(fit, transform = g)$table
    lapply(rownames(zph), function(term) {
      list(transform = g, statistic = zph[term, "chisq"], df = zph[term, "df"],
           p_value = zph[term, "p"])
    })
  }), recursive = FALSE))
  uno <- if (attr(fit$y, "type") == "right") concordance(fit, timewt = "n/G2")
  both <- list(concordance(fit), uno)
  expect$prediction <- list(concordance = lapply(both, function(c) {
    list(estimate = if (is.null(c)) NULL else c$concordance,
         std_error = if (is.null(c)) NULL else sqrt(c$var))
  }))
  list(name = name, table = table,
       query = paste0(asked, "&ties=", ties, "&parts=cox,residuals,prediction"), expect = expect)
}

# Cumulative incidence with its variance, Gray's test, Fine and Gray's and cause-specific models.
competing <- function(name, table, time, status, group, columns, at, asked) {
  use <- !is.na(time) & !is.na(status)
  found <- cuminc(time[use], status[use], group[use])
  points <- timepoints(found, at)
  causes <- sort(setdiff(unique(status[use]), 0))
  rows <- lapply(sort(unique(group[use])), function(g) lapply(causes, function(k) {
    label <- paste(g, k)
    lapply(seq_along(at), function(i) {
      list(time = at[i], estimate = unname(points$est[label, i]),
           std_error = sqrt(unname(points$var[label, i])))
    })
  }))
  models <- lapply(causes, function(k) {
    own <- coxph(Surv(time, status == k) ~ columns, control = TIGHT)
    crr <- crr(time[use], status[use], columns[use, , drop = FALSE], failcode = k,
               gtol = 1e-10, maxiter = 50)
    pairs <- function(b, v) lapply(seq_along(b), function(i) {
      list(coef = unname(b[i]), std_error = sqrt(v[i, i]))
    })
    list(model = "terms", cause = k, cause_specific = pairs(coef(own), vcov(own)),
         subdistribution = pairs(crr$coef, crr$var))
  })
  gray <- lapply(seq_along(causes), function(i) {
    list(statistic = found$Tests[i, "stat"], df = found$Tests[i, "df"],
         p_value = found$Tests[i, "pv"])
  })
  at_rows <- unlist(unlist(rows, recursive = FALSE), recursive = FALSE)
  list(name = name, table = table, query = paste0(asked, "&parts=competing"),
       expect = list(competing = list(at = at_rows, tests = gray)), models = models)
}

lung <- read("r_survival/lung.csv")
veteran <- read("r_survival/veteran.csv")
veteran$celltype <- relevel(factor(veteran$celltype), "adeno")
pbc <- subset(read("r_survival/pbc.csv"), !is.na(trt))
colon <- subset(read("r_survival/colon.csv"), etype == 1)
colon$rx <- relevel(factor(colon$rx), "Obs")
gbsg <- read("rotterdam/gbsg.csv")
heart <- read("r_survival/heart.csv")
cgd <- read("r_survival/cgd.csv")
mgus2 <- read("r_survival/mgus2.csv")
mgus2$et <- with(mgus2, ifelse(pstat == 1, ptime, futime))
mgus2$ev <- with(mgus2, ifelse(pstat == 1, 1, 2 * death))
right <- function(time, event, event_is, ...) {
  query(time = time, unit = "days", event = event, event_is = event_is, ...)
}

cases <- list(
  cox("lung", "r_survival/lung.csv", lung, Surv(time, status == 2) ~ age + sex + ph.ecog,
      right("time", "status", "2", terms = "age,sex,ph.ecog")),
  cox("veteran", "r_survival/veteran.csv", veteran, Surv(time, status) ~ trt + celltype + karno,
      right("time", "status", "1", terms = "trt,celltype:cat(adeno),karno")),
  cox("veteran breslow", "r_survival/veteran.csv", veteran,
      Surv(time, status) ~ trt + celltype + karno, ties = "breslow",
      right("time", "status", "1", terms = "trt,celltype:cat(adeno),karno")),
  cox("veteran strata", "r_survival/veteran.csv", veteran,
      Surv(time, status) ~ trt + karno + strata(celltype),
      right("time", "status", "1", terms = "trt,karno", strata = "celltype")),
  cox("pbc", "r_survival/pbc.csv", pbc,
      Surv(time, status == 2) ~ age + edema + log2(bili) + log2(protime) + log2(albumin),
      right("time", "status", "2", where = "trt in 1,2", one_row = "all",
            terms = "age,edema,bili:log2,protime:log2,albumin:log2")),
  cox("colon", "r_survival/colon.csv", colon, Surv(time, status) ~ rx + node4 + nodes + obstruct,
      right("time", "status", "1", where = "etype = 1", terms = "rx:cat(Obs),node4,nodes,obstruct")),
  cox("gbsg", "rotterdam/gbsg.csv", gbsg, Surv(rfstime, status) ~ age + size + grade + nodes + pgr,
      right("rfstime", "status", "1", terms = "age,size,grade,nodes,pgr")),
  cox("heart", "r_survival/heart.csv", heart,
      Surv(start, stop, event) ~ age + year + surgery + transplant, id = heart$id,
      right("stop", "event", "1", entry = "start", id = "id", one_row = "all",
            terms = "age,year,surgery,transplant")),
  cox("cgd", "r_survival/cgd.csv", cgd,
      Surv(tstart, tstop, status) ~ treat + age + steroids + cluster(id),
      right("tstop", "status", "1", entry = "tstart", id = "id", one_row = "all", cluster = "id",
            terms = "treat:cat(placebo),age,steroids"))
)
one <- competing("mgus2", "r_survival/mgus2.csv", mgus2$et, mgus2$ev, mgus2$sex,
                 cbind(mgus2$age, mgus2$sex == "M"), c(60, 120, 240), "")
writeLines(toJSON(list(
  session = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                 cmprsk = as.character(packageVersion("cmprsk"))),
  cases = cases, competing = one
), auto_unbox = TRUE, digits = I(15), null = "null", na = "null"), arguments[2])
