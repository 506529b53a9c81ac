#compdef drift_exporter
# zsh completion of drift_exporter. It asks the program itself.

_drift_exporter() {
	local line word about program=${~words[1]}
	local -a spaced open
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		about=${line#*$'\t'}
		case $word in
		:files | :dirs)
			compset -P '--*='
			if [[ $word == :dirs ]]; then _files -/; else _files; fi
			return
			;;
		esac
		word=${word//:/\\:}
		[[ $line == *$'\t'* ]] && word+=:${about//:/\\:}
		if [[ ${line%%$'\t'*} == *= ]]; then open+=("$word"); else spaced+=("$word"); fi
	done < <("$program" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	_describe 'drift_exporter' spaced -- open -S ''
}

if [[ $funcstack[1] == _drift_exporter ]]; then
	_drift_exporter "$@"
else
	compdef _drift_exporter drift_exporter
fi
