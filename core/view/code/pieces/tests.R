test_table <- function(p, label, name, a, b) {
  found <- logrank(p, name, a, b)
  if (is.na(found[1])) return(NULL)  # the groups cannot be compared
  data.frame(label = label, statistic = found[1], df = found[2], p_value = found[3])
}

pairwise_table <- function(p, labels, name, a, b, method) {
  # The test of each pair of groups, on their patients alone
  pairs <- combn(length(labels), 2)
  found <- apply(pairs, 2, function(i) logrank(p[p$group %in% (i - 1), ], name, a, b)[3])
  data.frame(label = paste(labels[pairs[1, ]], "vs", labels[pairs[2, ]]), p_value = found,
             p_adjusted = p.adjust(found, switch(method, bh = "BH", method)))
}
