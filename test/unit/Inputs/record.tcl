# Runs a script for a vendor's tool. Calls of commands that Tcl itself lacks, and of `puts`, `cd` and
# `exit`, are recorded. What they return is in `answers`, pairs of a pattern of the call and an answer.
# Queries without one, get_* and current_*, stand for what they find, as in
# `connect_bd_net [get_bd_pins a/b] ...`, and are no calls of their own; all else returns nothing.
rename puts print
rename cd enter
set calls {}

proc unknown {args} {
  foreach {pattern answer} $::answers {
    if {[string match $pattern $args]} {
      lappend ::calls $args
      return $answer
    }
  }
  if {[string match get_* [lindex $args 0]] || [string match current_* [lindex $args 0]]} {
    return "\[[join $args]\]"
  }
  lappend ::calls $args
  return
}

proc puts {args} {
  lappend ::calls [linsert $args 0 puts]
}

proc cd {args} {
  lappend ::calls [linsert $args 0 cd]
  enter {*}$args
}

proc exit {args} {
  lappend ::calls [linsert $args 0 exit]
  return -code error -errorcode FINISHED
}

# The calls, each ended by a record separator, their words by unit separators. An error of the script
# is a call of `error`.
proc record {script arguments answers} {
  set ::argv $arguments
  set ::answers $answers
  if {[catch {uplevel #0 [list source $script]} message options]} {
    if {[dict get $options -errorcode] ne "FINISHED"} {
      lappend ::calls [list error $message]
    }
  }
  set text ""
  foreach call $::calls {
    append text [join $call \x1f] \x1e
  }
  return $text
}
