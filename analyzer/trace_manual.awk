# SPDX-License-Identifier: MIT
# leakshim-trace(5): its text, with the contract from trace.h, the second file, in its place.
BEGIN {
	header = ARGV[2]
	ARGC = 2
}
$0 != "@LAYOUT@" {
	print
	next
}
{
	while ((getline line < header) > 0) {
		if (line ~ /^_Static_assert/)
			continue
		if (line ~ /^\/\*$/)
			shown = 1
		if (!shown || line ~ /^#(ifndef|endif|include)/)
			continue
		gsub(/\\/, "\\e", line)
		gsub(/^[.']/, "\\\\\\&&", line)
		print line
	}
}
