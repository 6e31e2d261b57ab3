# Table 1: descriptions, tests and standardised differences, by R.
#
# How to run it (R >= 4.2 with MASS, jsonlite):
#
#   python tests/reference/export_data.py FOLDER
#   Rscript tests/reference/table_one_reference.R FOLDER tests/reference/table_one_reference.json
#
# The standardised difference of a category is written from the formula of Yang and Dalton (2012)
# with MASS::ginv, as no package of Debian has it.

suppressPackageStartupMessages({
  library(MASS)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)

CASES <- list(
  list("gbsg2.csv", "horTh", c("age", "tsize", "pnodes", "progrec"), c("menostat", "tgrade")),
  list("gbsg2.csv", "tgrade", c("age", "tsize", "pnodes"), c("menostat", "horTh")),
  list("veterans.csv", "Treatment", c("Age_in_years", "Karnofsky_score"), c("Celltype")),
  list("veterans.csv", "Celltype", c("Months_from_Diagnosis"), c("Prior_therapy", "Treatment")),
  list("lung.csv", "sex", c("age", "meal.cal", "wt.loss"), c("ph.ecog"))
)

numbers <- function(x, g) {
  known <- !is.na(x)
  y <- x[known]; f <- droplevels(factor(g[known]))
  two <- nlevels(f) == 2
  each <- split(y, f)
  pairs <- combn(length(each), 2)
  smd <- max(apply(pairs, 2, function(p) {
    a <- each[[p[1]]]; b <- each[[p[2]]]
    abs(mean(a) - mean(b)) / sqrt((var(a) + var(b)) / 2)
  }))
  plain <- function(test) list(statistic = unname(test$statistic), df = unname(test$parameter),
                               p_value = test$p.value)
  t_equal <- if (two) plain(t.test(y ~ f, var.equal = TRUE)) else
    plain(oneway.test(y ~ f, var.equal = TRUE))
  welch <- if (two) plain(t.test(y ~ f)) else plain(oneway.test(y ~ f))
  ranks <- if (two) {
    list(p_value = wilcox.test(y ~ f, exact = FALSE, correct = FALSE)$p.value)
  } else plain(kruskal.test(y, f))
  list(mean = unname(tapply(y, f, mean)), sd = unname(tapply(y, f, sd)),
       quartiles = unname(lapply(each, function(v) unname(quantile(v, c(0, .25, .5, .75, 1))))),
       missing = unname(as.numeric(table(factor(g)[!known]))),
       t = t_equal, welch = welch, ranks = ranks, smd = smd)
}

category <- function(x, g) {
  counts <- table(g, x)
  pearson <- suppressWarnings(chisq.test(counts, correct = FALSE))
  pairs <- combn(nrow(counts), 2)
  smd <- max(apply(pairs, 2, function(pair) {
    part <- counts[pair, colSums(counts[pair, ]) > 0]
    p <- prop.table(part, 1)[, -1, drop = FALSE]
    s <- Reduce(`+`, lapply(1:2, function(i) diag(p[i, ], ncol(p)) - outer(p[i, ], p[i, ]))) / 2
    d <- p[1, ] - p[2, ]
    sqrt(drop(t(d) %*% ginv(s) %*% d))
  }))
  list(counts = unname(lapply(seq_len(nrow(counts)), function(i) unname(counts[i, ]))),
       least = min(pearson$expected), chisq = unname(pearson$statistic),
       df = unname(pearson$parameter), p_pearson = pearson$p.value,
       p_fisher = fisher.test(counts, workspace = 2e7)$p.value, smd = smd)
}

one <- function(case, folder) {
  names(case) <- c("table", "by", "numbers", "categories")
  data <- read.csv(file.path(folder, case$table))
  data <- data[!is.na(data[[case$by]]), ]
  g <- data[[case$by]]
  list(table = case$table, by = case$by,
       numbers = lapply(setNames(case$numbers, case$numbers), function(n) numbers(data[[n]], g)),
       categories = lapply(setNames(case$categories, case$categories),
                           function(n) category(data[[n]], g)))
}

answer <- list(
  about = "Written by table_one_reference.R; do not edit.",
  versions = list(R = as.character(getRversion())),
  cases = lapply(CASES, one, arguments[1])
)
write_json(answer, arguments[2], auto_unbox = TRUE, digits = NA, na = "null", pretty = FALSE)
