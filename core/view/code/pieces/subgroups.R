# Hazard ratios within subgroups, and the tests of interaction

interaction_p <- function(p, groups, main, ties) {
  if (!length(main$levels)) return(NA)
  both <- product("", groups, main)
  both$known <- both$known & main$known
  small <- fit_terms(p, list(groups, main), ties)$fit
  large <- fit_terms(p, list(groups, main, both), ties)$fit
  df <- sum(!is.na(coef(large))) - sum(!is.na(coef(small)))
  if (df > 0) pchisq(2 * (large$loglik[2] - small$loglik[2]), df, lower.tail = FALSE) else NA
}

subgroup_table <- function(p, labels, variable, scale, ties, level, kind, rule) {
  # The groups against the first one within each level of a variable
  name <- variable[[1]]
  code <- variable[[2]]
  levels <- variable[[3]]
  groups <- category("", p$group, labels, labels[1])
  p_value <- interaction_p(p, groups, category("", code, levels, levels[1]), ties)
  do.call(rbind, lapply(seq_along(levels), function(i) {
    q <- p[code %in% (i - 1), ]
    has <- complete(q)
    table <- cox_table(q, list(category("", q$group, labels, labels[1])), ties, level)
    medians <- sapply(seq_along(labels), function(g) {
      own <- q[q$group == g - 1, ]
      if (nrow(own)) rule(kaplan_meier(own, level, kind), 0.5, level)[1] * scale else NA
    })
    table$label <- trimws(sprintf("%s %s: %s", name, levels[i], labels[-1]))
    names(table)[2:3] <- c("n_group", "events_group")
    first <- has & q$group == 0
    data.frame(table, n = sum(has), events = sum(has & q$event), n_reference = sum(first),
               events_reference = sum(first & q$event), median_group = medians[-1],
               median_reference = medians[1], p_interaction = p_value)
  }))
}
