# Scores of encrypted rows in R: Rscript score.R SHIM PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in
# hexadecimal. SHIM is what R CMD SHLIB makes of pyfe.c.
arguments <- commandArgs(trailingOnly = TRUE)
dyn.load(arguments[1])
contents <- function(path) readBin(path, "raw", file.size(path))
signer <- NULL
if (length(arguments) > 4) {
  digits <- substring(arguments[5], seq(1, 63, 2), seq(2, 64, 2))
  signer <- as.raw(strtoi(digits, 16))
}
found <- tryCatch(
  .Call("score", contents(arguments[2]), contents(arguments[3]), contents(arguments[4]), signer),
  error = function(error) {
    message(conditionMessage(error))
    quit(status = 1)
  }
)
cat(paste(found[[1]], sprintf("%.17g", found[[2]])), sep = "\n")
