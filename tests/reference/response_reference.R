# Rates, tables and logistic models, by R.
#
# How to run it (R >= 4.2 with brglm2, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/response_reference.R FOLDER tests/reference/response_reference.json
#
# fisher.test finds its odds ratio and limits by uniroot with a tolerance of 1e-4; here the same
# equations are solved with a tolerance of 1e-13. Profile limits are roots of the deviance of glm
# with an offset. Firth's estimates are those of brglm2 (type = "AS_mean", which for logistic
# regression is Jeffreys' prior); the penalised likelihood of a model with coefficients held is
# maximised by optim from its formula.

suppressPackageStartupMessages({
  library(brglm2)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

# Tables of counts --------------------------------------------------------------------------------

TABLES <- list(
  list(c(10, 3), c(5, 9)), list(c(2, 25), c(7, 20)), list(c(0, 8), c(5, 6)), list(c(9, 0), c(8, 3)),
  list(c(17, 12), c(10, 11)), list(c(7, 0), c(0, 6)), list(c(120, 300), c(95, 310)),
  list(c(3, 1, 2), c(0, 4, 5)), list(c(5, 1, 7, 3), c(2, 8, 1, 4), c(3, 3, 3, 9)),
  list(c(12, 5), c(3, 9), c(7, 7))
)

share <- function(t, k, m, n, column) {
  d <- dhyper(k, m, n, column, log = TRUE) + t * k
  d <- exp(d - max(d))
  d / sum(d)
}

exact <- function(x) {
  m <- sum(x[1, ]); n <- sum(x[2, ]); column <- sum(x[, 1]); a <- x[1, 1]
  k <- max(0, column - n):min(column, m)
  solve <- function(f) exp(uniroot(f, c(-30, 30), tol = 1e-13)$root)
  mean <- function(t) sum(k * share(t, k, m, n, column)) - a
  list(
    estimate = if (a == min(k)) 0 else if (a == max(k)) NA else solve(mean),
    low = if (a == min(k)) 0 else
      solve(function(t) sum(share(t, k, m, n, column)[k >= a]) - 0.025),
    high = if (a == max(k)) NA else
      solve(function(t) sum(share(t, k, m, n, column)[k <= a]) - 0.025)
  )
}

one_table <- function(rows) {
  x <- do.call(rbind, rows)
  pearson <- suppressWarnings(chisq.test(x, correct = FALSE))
  found <- list(rows = rows, chisq = unname(pearson$statistic), p_pearson = pearson$p.value,
                least = min(pearson$expected), p_fisher = fisher.test(x)$p.value)
  if (all(dim(x) == 2)) {
    found$exact <- exact(x)
    found$fisher <- unname(fisher.test(x)$estimate)
    # Wilson without correction, and Clopper and Pearson, of the first row.
    found$wilson <- as.numeric(suppressWarnings(
      prop.test(x[1, 1], sum(x[1, ]), correct = FALSE))$conf.int)
    found$exact_limits <- as.numeric(binom.test(x[1, 1], sum(x[1, ]))$conf.int)
  }
  found
}

# Logistic models ---------------------------------------------------------------------------------

data(endometrial, package = "brglm2")
folder <- arguments[1]
whas <- read.csv(file.path(folder, "whas500.csv"))
gbsg <- read.csv(file.path(folder, "gbsg2.csv"))
gbsg$third <- as.integer(gbsg$tgrade == "III")

CASES <- list(
  list("whas500", whas, "sho", c("age", "chf", "hr"), FALSE),
  list("whas500", whas, "chf", c("age", "gender", "bmi", "sysbp"), FALSE),
  list("gbsg2", gbsg, "third", c("age", "pnodes", "tsize"), FALSE),
  list("whas500", whas, "sho", c("age", "chf", "hr"), TRUE),
  list("gbsg2", gbsg, "third", c("age", "pnodes", "tsize"), TRUE),
  list("endometrial", endometrial, "HG", c("NV", "PI", "EH"), TRUE)
)

penalised <- function(beta, x, y) {
  eta <- drop(x %*% beta)
  weight <- plogis(eta) * plogis(-eta)
  information <- crossprod(x * sqrt(weight))
  sum(y * eta - log1p(exp(eta))) + 0.5 * as.numeric(determinant(information)$modulus)
}

held_at <- function(x, y, k, value) {
  # The largest penalised likelihood with these coefficients held.
  z <- x
  z[, -1] <- scale(x[, -1])
  size <- c(1, attr(scale(x[, -1]), "scaled:scale"))
  free <- setdiff(seq_len(ncol(x)), k)
  f <- function(b) {
    beta <- numeric(ncol(x)); beta[free] <- b; beta[k] <- value * size[k]
    -penalised(beta, z, y)
  }
  best <- optim(rep(0, length(free)), f, method = "BFGS",
                control = list(reltol = 1e-15, maxit = 1000))
  best <- optim(best$par, f, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))
  -best$value + sum(log(size[-1]))
}

one <- function(case) {
  names(case) <- c("table", "data", "y", "terms", "firth")
  data <- case$data[complete.cases(case$data[c(case$y, case$terms)]), ]
  x <- cbind(1, as.matrix(data[case$terms])); y <- data[[case$y]]
  colnames(x)[1] <- "one"
  columns <- seq_along(case$terms) + 1
  control <- list(epsilon = 1e-14, maxit = 100)
  if (case$firth) {
    fit <- glm(y ~ x[, -1], family = binomial(), method = "brglmFit", type = "AS_mean",
               control = list(epsilon = 1e-13, maxit = 1000))
    top <- penalised(coef(fit), x, y)
    fall <- function(k, value) 2 * (top - held_at(x, y, k, value))
  } else {
    fit <- glm(y ~ x[, -1], family = binomial(), control = control)
    top <- as.numeric(logLik(fit))
    fall <- function(k, value) {
      rest <- x[, setdiff(seq_len(ncol(x)), k), drop = FALSE]
      off <- drop(x[, k, drop = FALSE] %*% rep(value, length(k)))
      held <- glm(y ~ rest - 1, family = binomial(), offset = off, control = control)
      2 * (top - as.numeric(logLik(held)))
    }
  }
  se <- sqrt(diag(vcov(fit)))
  edge <- function(k, sign) {
    root <- function(value) sqrt(max(fall(k, value), 0)) - qnorm(0.975)
    from <- coef(fit)[k]
    to <- from + sign * se[k] * 2
    while (root(to) < 0) to <- from + (to - from) * 1.5
    uniroot(root, sort(c(from, to)), tol = 1e-11)$root
  }
  list(
    table = case$table, y = case$y, terms = case$terms, firth = case$firth,
    data = if (case$table == "endometrial") as.list(data) else NA,
    coef = unname(coef(fit)), se = unname(se), log_likelihood = top,
    lr = sapply(columns, function(k) fall(k, 0)), global = fall(columns, 0),
    low = sapply(columns, edge, -1), high = sapply(columns, edge, 1)
  )
}

answer <- list(
  about = "Written by response_reference.R; do not edit.",
  versions = list(R = as.character(getRversion()),
                  brglm2 = as.character(packageVersion("brglm2"))),
  tables = lapply(TABLES, one_table),
  cases = lapply(CASES, one)
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = FALSE)
