# bash completion of drift_exporter. It asks the program itself, and needs neither bash-completion nor bash 4.

_drift_exporter() {
	local -a words=()
	local word glue='' i
	# Readline cuts words at = and :, which we do not.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		word=${word//[\"\'\\]/}
		[[ $word == '~/'* ]] && word=$HOME/${word:2}
		if ((${#words[@]})) && [[ $glue || $word == [=:]* ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		glue=''
		[[ $word =~ ^[=:]+$ ]] && glue=yes
	done
	local current=${words[${#words[@]} - 1]}
	# What stands before the part of the word that readline replaces.
	local breaks=${COMP_WORDBREAKS//[^=:]/} before=''
	[[ $breaks && $current == *["$breaks"]* ]] && before=${current%"${current##*["$breaks"]}"}

	COMPREPLY=()
	local line
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		case $word in
		:files | :dirs)
			local path=${current#--*=} kind=-f
			[[ $word == :dirs ]] && kind=-d
			compopt -o filenames 2>/dev/null
			while IFS= read -r line; do
				COMPREPLY+=("$line")
			done < <(compgen $kind -- "$path")
			;;
		*)
			[[ $word == *= ]] && compopt -o nospace 2>/dev/null
			COMPREPLY+=("${word#"$before"}")
			;;
		esac
	done < <("${COMP_WORDS[0]/#\~\//$HOME/}" __complete "${words[@]}" 2>/dev/null)
}

complete -F _drift_exporter drift_exporter
