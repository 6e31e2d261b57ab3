# MaxCombo, trend, exact log-rank and Schoenfeld's formula, by R.
#
# How to run it (R >= 4.2 with survival, mvtnorm, coin, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/comparisons_reference.R FOLDER \
#     tests/reference/comparisons_reference.json
#
# The statistics of MaxCombo are computed time by time from their definition; those that survdiff
# has are compared with it here. Their joint tail is computed twice: by pmvnorm (Genz and Bretz),
# which is good to about 1e-5 where the statistics are nearly the same, and as the mean over all
# directions of three dimensions, in which the statistics lie, of the tail of the distance from the
# origin (chi with three degrees of freedom) at which the largest statistic reaches m. The exact test calls survdiff for every division of few patients. Coin's
# exact test has another statistic, O - E with the variance left out; it is stored for tables
# without ties, where its scores are O - E.

suppressPackageStartupMessages({
  library(survival)
  library(mvtnorm)
  library(coin)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
WEIGHTS <- list(c(0, 0), c(1, 0), c(0, 1), c(1, 1))

read <- function(table, time, event, group, strata, entry, rows) {
  raw <- read.csv(file.path(arguments[1], table), check.names = FALSE)
  data <- data.frame(
    time = raw[[time]], event = raw[[event]] == 1, group = raw[[group]],
    stratum = if (is.null(strata)) "all" else raw[[strata]],
    entry = if (is.null(entry)) -1 else raw[[entry]]
  )
  head(data[complete.cases(data) & data$time >= 0 & data$group != "", ], rows)
}

# Score of the second group and covariance under all weights, over the strata.
joint <- function(data, second) {
  score <- rep(0, length(WEIGHTS))
  covariance <- matrix(0, length(WEIGHTS), length(WEIGHTS))
  for (part in split(data, data$stratum)) {
    surviving <- 1
    for (t in sort(unique(part$time[part$event]))) {
      at_risk <- part$entry < t & part$time >= t
      dead <- at_risk & part$event & part$time == t
      mine <- part$group == second
      n <- sum(at_risk)
      d <- sum(dead)
      n2 <- sum(at_risk & mine)
      w <- sapply(WEIGHTS, function(pq) surviving^pq[1] * (1 - surviving)^pq[2])
      score <- score + w * (sum(dead & mine) - d * n2 / n)
      if (n > 1) {
        covariance <- covariance + outer(w, w) * d * (n - d) / (n - 1) * (n2 / n) * (1 - n2 / n)
      }
      surviving <- surviving * (1 - d / n)
    }
  }
  list(score = score, covariance = covariance)
}

by_direction <- function(m, correlation, steps = 2000) {
  parts <- eigen(correlation, symmetric = TRUE)
  stopifnot(abs(parts$values[4]) < 1e-12)
  axes <- parts$vectors[, 1:3] %*% diag(sqrt(pmax(parts$values[1:3], 0)))
  angle <- 2 * pi * (seq_len(steps) - 0.5) / steps
  mean(sapply((seq_len(steps) - 0.5) / steps, function(height) {
    wide <- sqrt(1 - height^2)
    direction <- rbind(wide * cos(angle), wide * sin(angle), height)
    found <- abs(axes %*% direction)
    largest <- pmax(found[1, ], found[2, ], found[3, ], found[4, ])
    mean(pchisq((m / largest)^2, 3, lower.tail = FALSE))
  }))
}

maxcombo <- function(data) {
  levels <- sort(unique(data$group))
  found <- joint(data, levels[2])
  z <- found$score / sqrt(diag(found$covariance))
  if (all(data$entry < 0)) {
    for (rho in 0:1) {
      r <- survdiff(Surv(time, event) ~ group + strata(stratum), data, rho = rho)
      stopifnot(abs(r$chisq - z[rho + 1]^2) < 1e-9 * max(1, r$chisq))
    }
  }
  m <- max(abs(z))
  set.seed(1)
  inside <- pmvnorm(rep(-m, 4), rep(m, 4), corr = cov2cor(found$covariance),
                    algorithm = GenzBretz(maxpts = 5e6, abseps = 1e-8))
  list(z = z, correlation = cov2cor(found$covariance), statistic = m,
       p_value = by_direction(m, cov2cor(found$covariance)), p_pmvnorm = 1 - inside[1])
}

trend <- function(data) {
  r <- survdiff(Surv(time, event) ~ group + strata(stratum), data)
  score <- if (is.matrix(r$obs)) rowSums(r$obs - r$exp) else r$obs - r$exp
  steps <- seq_along(score)
  z <- sum(steps * score) / sqrt(drop(t(steps) %*% r$var %*% steps))
  list(z = z, statistic = z^2, p_value = pchisq(z^2, 1, lower.tail = FALSE))
}

chisq <- function(data, group) {
  if (length(unique(group)) < 2) return(0)
  data$group <- group
  r <- tryCatch(survdiff(Surv(time, event) ~ group + strata(stratum), data)$chisq,
                error = function(e) 0)
  if (is.finite(r)) r else 0
}

exact <- function(data) {
  levels <- sort(unique(data$group))
  parts <- split(seq_len(nrow(data)), data$stratum)
  ways <- lapply(parts, function(rows) {
    combn(length(rows), sum(data$group[rows] == levels[2]),
          function(chosen) rows[chosen], simplify = FALSE)
  })
  choices <- expand.grid(lapply(ways, seq_along))
  statistics <- apply(choices, 1, function(choice) {
    second <- unlist(mapply(function(w, i) w[[i]], ways, choice, SIMPLIFY = FALSE))
    chisq(data, seq_len(nrow(data)) %in% second)
  })
  observed <- chisq(data, data$group)
  list(statistic = observed, divisions = nrow(choices),
       p_value = mean(statistics >= observed - 1e-9))
}

by_coin <- function(data) {
  test <- logrank_test(Surv(time, event) ~ factor(group), data, distribution = "exact",
                       ties.method = "average-scores")
  list(p_value = as.numeric(pvalue(test)))
}

case <- function(kind, run, table, time, event, group, strata = NULL, entry = NULL, rows = 1000) {
  data <- read(table, time, event, group, strata, entry, rows)
  list(kind = kind, table = table, time = time, event = event, group = group,
       strata = if (is.null(strata)) NA else strata, entry = if (is.null(entry)) NA else entry,
       rows = rows, n = nrow(data), found = run(data))
}

schoenfeld <- function(events, share, power, alpha) {
  reach <- qnorm(1 - alpha / 2) + qnorm(power)
  list(events = events, share = share, power = power, alpha = alpha,
       hazard_ratio = exp(reach / sqrt(events * share * (1 - share))),
       needed = reach^2 / (share * (1 - share) * log(c(0.5, 0.6, 0.7, 0.75, 0.8))^2))
}

cases <- list(
  case("maxcombo", maxcombo, "gbsg2.csv", "time", "cens", "horTh"),
  case("maxcombo", maxcombo, "gbsg2.csv", "time", "cens", "horTh", "tgrade"),
  case("maxcombo", maxcombo, "veterans.csv", "Survival_in_days", "Status", "Treatment"),
  case("maxcombo", maxcombo, "veterans.csv", "Survival_in_days", "Status", "Prior_therapy",
       "Celltype"),
  case("maxcombo", maxcombo, "leukemia.csv", "t", "status", "Rx"),
  case("maxcombo", maxcombo, "leukemia.csv", "t", "status", "Rx", "sex"),
  case("maxcombo", maxcombo, "rossi.csv", "week", "arrest", "fin"),
  case("maxcombo", maxcombo, "heavy_ties.csv", "time", "event", "treated"),
  case("maxcombo", maxcombo, "waltons.csv", "T", "E", "group"),
  case("maxcombo", maxcombo, "whas500.csv", "lenfol", "fstat", "gender", "afb"),
  case("maxcombo", maxcombo, "delayed_entry.csv", "exit", "event", "arm", "site", "entry"),
  case("trend", trend, "veterans.csv", "Survival_in_days", "Status", "Celltype"),
  case("trend", trend, "gbsg2.csv", "time", "cens", "tgrade"),
  case("trend", trend, "gbsg2.csv", "time", "cens", "tgrade", "horTh"),
  case("trend", trend, "heavy_ties.csv", "time", "event", "grade"),
  case("trend", trend, "heavy_ties.csv", "time", "event", "grade", "treated"),
  case("trend", trend, "four_groups.csv", "time", "event", "arm"),
  case("exact", exact, "leukemia.csv", "t", "status", "sex", rows = 11),
  case("exact", exact, "heavy_ties.csv", "time", "event", "treated", rows = 11),
  case("exact", exact, "heavy_ties.csv", "time", "event", "treated", "grade", rows = 12),
  case("exact", exact, "near_ties.csv", "x", "event", "arm", rows = 11),
  case("exact", exact, "veterans.csv", "Survival_in_days", "Status", "Prior_therapy", rows = 12),
  case("coin", by_coin, "spss72.csv", "time", "status", "sex", rows = 24),
  case("coin", by_coin, "veterans.csv", "Survival_in_days", "Status", "Prior_therapy", rows = 20)
)

numbers <- list(
  schoenfeld(16, 0.5, 0.8, 0.05), schoenfeld(66, 32 / 70, 0.8, 0.05),
  schoenfeld(299, 0.36, 0.9, 0.05), schoenfeld(40, 0.1, 0.8, 0.1), schoenfeld(8, 0.25, 0.3, 0.01)
)

versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")),
                 mvtnorm = as.character(packageVersion("mvtnorm")),
                 coin = as.character(packageVersion("coin")))
writeLines(toJSON(list(versions = versions, cases = cases, schoenfeld = numbers), digits = NA, na = "null",
                  auto_unbox = TRUE, pretty = TRUE), arguments[2])
