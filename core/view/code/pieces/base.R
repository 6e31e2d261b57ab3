# Reading the table, deciding who is in, and printing results

MISSING <- c("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", ".")

results <- list()

read_table <- function(path, numbers) {
  # Text throughout, then numbers where they are meant
  data <- read.csv(path, colClasses = "character", na.strings = MISSING, check.names = FALSE,
                   encoding = "UTF-8", fileEncoding = "")
  names(data) <- sub("^\uFEFF", "", `Encoding<-`(names(data), "UTF-8"))
  data[numbers] <- lapply(data[numbers], as.numeric)
  data
}

one_line <- function(text) gsub("[[:cntrl:]]", " ", text)  # nothing that does not print

report <- function(section, title, table) {
  # Print a table whose first column is `label`, and keep its numbers for the end
  if (is.null(table) || !nrow(table)) return(invisible())
  cat("\n", one_line(title), "\n", sep = "")
  shown <- table
  shown$label <- one_line(table$label)
  print(shown, row.names = FALSE)
  for (i in seq_len(nrow(table))) for (name in names(table)[-1])
    results[[length(results) + 1]] <<- list(paste0(section, ".", name), table$label[i],
                                            as.numeric(table[[name]][i]))
  invisible(table)
}

print_results <- function() {
  # Print every number once more with all its digits, as CSV
  quoted <- function(x) paste0('"', gsub('"', '""', enc2utf8(x)), '"')
  lines <- vapply(results, function(r) {
    value <- if (is.finite(r[[3]])) sprintf("%.17g", r[[3]]) else "NA"
    paste(r[[1]], quoted(r[[2]]), value, sep = ",")
  }, "")
  writeLines(c("", "# results", "quantity,group_or_term,value", lines), useBytes = TRUE)
}

is_missing <- function(x) is.na(x)

one_of <- function(x, values) x %in% values  # a missing one never is

none_of <- function(x, values) !is.na(x) & !(x %in% values)

leave <- function(keep, reason, gone) {
  # Leave out rows, and say how many
  gone <- keep & (gone %in% TRUE)
  cat(sprintf("%6d left: ", sum(gone)), one_line(reason), "\n", sep = "")
  if (any(gone)) results[[length(results) + 1]] <<- list("ledger.n", reason, sum(gone))
  keep & !gone
}

stay <- function(keep, reason, kept) leave(keep, reason, !(kept %in% TRUE))

leave_without <- function(keep, title, x, why) {
  # Leave out rows without a value, by the reason where it is known
  for (reason in sort(unique(na.omit(why[keep & is.na(x)])), method = "radix"))
    keep <- leave(keep, reason, is.na(x) & why %in% reason)
  leave(keep, paste("missing", title), is.na(x))
}

everybody <- function(data) rep(TRUE, nrow(data))

row_numbers <- function(p) seq_len(nrow(p))

as_values <- function(x) x

positive <- function(x) ifelse(x > 0, x, NA)

one_group <- function(d) rep(0, nrow(d))

further_rows <- function(keep, who, last) {
  # Which rows repeat a patient; the last one of each may be the one that counts
  further <- rep(FALSE, length(who))
  further[keep] <- duplicated(who[keep], fromLast = last)
  further & !is.na(who)
}

replaced <- function(x, where, value) replace(x, which(where), value)

distinct_values <- function(...) sort(unique(c(...)))

distinct_times <- function(...) {
  # Distinct times; those that differ by rounding noise only are one (aeqSurv of survival, here
  # over all patients and not over those of a model)
  distinct <- sort(unique(c(...)))
  gaps <- diff(distinct)
  tolerance <- sqrt(.Machine$double.eps)
  average <- mean(abs(distinct))
  if (average == 0) average <- 1
  distinct[c(TRUE, !(gaps <= tolerance | gaps / average <= tolerance))]
}

snap <- function(time, distinct) distinct[findInterval(time, distinct)]

quantile_of <- function(x, share, kind)
  quantile(x, share, names = FALSE, type = kind, na.rm = TRUE)

cut_at <- function(x, cutoffs, at_least)  # intervals from 0; a cutoff may belong to the upper one
  findInterval(x, cutoffs, left.open = !at_least)

code_of <- function(x, levels) match(x, levels) - 1

renumber <- function(code) match(code, sort(unique(code))) - 1

patients <- function(time, event, entry, group, stratum) {
  p <- data.frame(time, event, group)
  p$entry <- entry      # absent where everybody is observed from the beginning
  p$stratum <- stratum  # absent without strata
  p
}

strata_of <- function(...) as.integer(interaction(..., drop = TRUE))

all_table <- function(p) data.frame(label = "all", n = nrow(p), events = sum(p$event))

cutoff_values <- function(cutoffs)
  data.frame(label = paste("cutoff", seq_along(cutoffs)), value = cutoffs)

group_table <- function(p, labels) {
  member <- factor(p$group, levels = seq_along(labels) - 1)
  data.frame(label = labels, n = as.vector(table(member)),
             events = as.vector(tapply(p$event, member, sum, default = 0)))
}

outcome <- function(p)
  if (is.null(p$entry)) Surv(p$time, p$event) else Surv(p$entry, p$time, p$event)
