import { readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MICROS = 10_000;

/** User and system time of all threads, microseconds (proc_pid_stat(5), fields 14 and 15). */
export const cpuMicrosOf = (pid: number | undefined): number => ticksOf(pid, 11);

/** The same of all children that have ended and were waited for (fields 16 and 17): of a postmaster, its sessions. */
export const sessionsCpuMicrosOf = (pid: number | undefined): number => ticksOf(pid, 13);

export function peakMegabytesOf(pid: number | undefined): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

function ticksOf(pid: number | undefined, first: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[first]) + Number(fields[first + 1])) * TICK_MICROS;
}
