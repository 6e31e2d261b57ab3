# R's side of `python -m benchmarks.cutoffs`, which starts it: maxstat, survminer, and loops over
# survdiff and coxph, timed on the patients of FOLDER; writes FOLDER/r.json.
#
# FOLDER/tasks.json holds, for each number of patients, the tasks. Patients are FOLDER/N.bin (marker,
# time, event, each N doubles); FOLDER/N.draws holds the rows of bootstrap samples (from 1).

suppressPackageStartupMessages({
  library(survival)
  library(maxstat)
  library(survminer)
  library(jsonlite)
})

options(warn = -1)  # coxph's, on ratios that may be infinite
folder <- commandArgs(trailingOnly = TRUE)[1]
asked <- fromJSON(file.path(folder, "tasks.json"), simplifyVector = FALSE)

# Processor seconds of one run: the median of `batches` batches, each of so many runs that it lasts
# a tenth of a second (the clock counts milliseconds). What takes longer than 2 s runs once.
timed <- function(run, batches = 5) {
  used <- function(times) {
    began <- proc.time()
    for (i in seq_len(times)) value <<- run()
    sum((proc.time() - began)[1:2])
  }
  value <- NULL
  first <- used(1)
  if (first > 2) return(list(seconds = first, runs = 1, value = value))
  first <- max(used(1), 5e-4)
  times <- ceiling(0.1 / first)
  found <- sapply(seq_len(batches), function(i) used(times) / times)
  list(seconds = median(found), runs = times * batches, value = value)
}

most <- function(data, ...) {
  maxstat.test(Surv(time, event) ~ x, data, smethod = "LogRank", minprop = 0.1, maxprop = 0.9, ...)
}

answer <- function(n, tasks, bootstraps, permutations) {
  columns <- matrix(readBin(file.path(folder, sprintf("%d.bin", n)), "double", 3 * n), ncol = 3)
  data <- data.frame(x = columns[, 1], time = columns[, 2], event = columns[, 3])
  y <- Surv(data$time, data$event)
  found <- most(data, pmethod = "none")
  runs <- list(
    maxstat = function() {
      test <- most(data, pmethod = "none")
      list(statistic = unname(test$statistic), cutoff = unname(test$estimate))
    },
    surv_cutpoint = function() {
      test <- surv_cutpoint(data, "time", "event", "x", minprop = 0.1, progressbar = FALSE)
      list(statistic = test$cutpoint$statistic, cutoff = test$cutpoint$cutpoint)
    },
    survdiff = function() {
      sapply(found$cuts, function(cut) survdiff(y ~ (data$x > cut))$chisq)
    },
    coxph = function() {
      sapply(found$cuts, function(cut) unname(coef(coxph(y ~ I(as.numeric(data$x > cut))))))
    },
    permutations = function() {
      most(data, pmethod = "condMC", B = permutations)$p.value
    },
    bootstraps = function() {
      lapply(samples, function(rows) {
        test <- most(data[rows, ], pmethod = "none")
        c(unname(test$estimate), unname(test$statistic))
      })
    },
    curves = function() {
      high <- data$x > median(data$x)
      curve <- survfit(y ~ high)
      list(survival = min(curve$surv), chisq = survdiff(y ~ high)$chisq)
    }
  )
  samples <- list()
  if ("bootstraps" %in% tasks) {
    drawn <- readBin(file.path(folder, sprintf("%d.draws", n)), "integer", n * bootstraps)
    samples <- split(drawn, rep(seq_len(bootstraps), each = n))
    names(samples) <- NULL
  }
  found_by <- lapply(tasks, function(task) timed(runs[[task]]))
  names(found_by) <- tasks
  found_by
}

set.seed(asked$seed)
answers <- lapply(asked$sizes, function(size) {
  answer(size$n, unlist(size$tasks), asked$bootstraps, asked$permutations)
})
names(answers) <- sapply(asked$sizes, function(size) sprintf("%d", size$n))
versions <- sapply(c("survival", "maxstat", "survminer"), function(name) {
  as.character(packageVersion(name))
})
answers$versions <- as.list(c(R = as.character(getRversion()), versions))
write_json(answers, file.path(folder, "r.json"), auto_unbox = TRUE, digits = NA)
