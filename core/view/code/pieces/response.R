# Rates of a binary response, and the comparison of the groups

rate_table <- function(p, labels, y, known, level) {
  # Exact (Clopper-Pearson) and Wilson limits: all patients, then each group
  parts <- list(all = rep(TRUE, nrow(p)))
  if (length(labels) > 1)
    parts <- c(parts, lapply(seq_along(labels), function(g) p$group == g - 1))
  rows <- lapply(parts, function(member) {
    n <- sum(known & member)
    hits <- sum(y & known & member)
    exact <- wilson <- c(NA, NA)
    if (n) {
      exact <- binom.test(hits, n, conf.level = level)$conf.int
      wilson <- prop.test(hits, n, conf.level = level, correct = FALSE)$conf.int
    }
    data.frame(n, events = hits, missing = sum(member & !known), estimate = hits / n,
               exact_low = exact[1], exact_high = exact[2], wilson_low = wilson[1],
               wilson_high = wilson[2])
  })
  data.frame(label = c("all", if (length(labels) > 1) labels), do.call(rbind, rows))
}

cross_table <- function(p, labels, y, known) {
  group <- factor(p$group, levels = seq_along(labels) - 1)
  unname(cbind(as.vector(table(group[known & y])), as.vector(table(group[known & !y]))))
}

pearson_table <- function(table) {
  seen <- table[rowSums(table) > 0, colSums(table) > 0, drop = FALSE]
  if (min(dim(seen)) < 2) return(data.frame(label = character()))
  found <- suppressWarnings(chisq.test(seen, correct = FALSE))
  data.frame(label = "pearson", statistic = found$statistic, df = found$parameter,
             p_value = found$p.value, row.names = NULL)
}

versus_table <- function(table, labels, level) {
  # Odds ratio with Wald limits, and Fisher's test, of each group against the first one
  z <- qnorm(1 - (1 - level) / 2)
  do.call(rbind, lapply(seq_along(labels)[-1], function(g) {
    cells <- table[c(g, 1), ]
    whole <- all(cells > 0)
    log <- if (whole) log(cells[1, 1] * cells[2, 2] / (cells[1, 2] * cells[2, 1])) else NA
    error <- if (whole) sqrt(sum(1 / cells)) else NA
    tested <- all(rowSums(cells) > 0) && all(colSums(cells) > 0)
    data.frame(label = labels[g], odds_ratio = exp(log), conf_low = exp(log - z * error),
               conf_high = exp(log + z * error),
               p_fisher = if (tested) fisher.test(cells)$p.value else NA)
  }))
}
