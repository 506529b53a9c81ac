# fish completion of drift_exporter. It asks the program itself.

function __drift_exporter_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l option (string match -r -- '^--[^=]*=' "$current")
    set -l value (string replace -r -- '^--[^=]*=' '' "$current")
    for line in ($program __complete $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                for path in (__fish_complete_path "$value")
                    echo "$option$path"
                end
            case ':dirs'
                for path in (__fish_complete_directories "$value")
                    echo "$option$path"
                end
            case '*'
                echo $line
        end
    end
end

complete -c drift_exporter -f -a '(__drift_exporter_complete)'
