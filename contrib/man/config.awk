# From --print-config to scdoc: a comment with the help of a key, then KEY=VALUE. The value is of the machine that builds and is
# left out; the comment has the default.
function escape(text) {
	gsub(/[\\*_.<>\[\]#~|{}-]/, "\\\\&", text)
	return text
}
/^\[/ { printf "Group %s:\n\n", escape($0); next }
/^# / { help = substr($0, 3); next }
/=/ && help != "" {
	printf "*%s*\n\t%s\n\n", substr($0, 1, index($0, "=") - 1), escape(help)
	help = ""
}
