import Foundation
import TestSupport

@testable import Experiments

/// A Slurm of one node on the loopback address, with keys, configuration and state in a temporary
/// folder; it ends with the value.
final class PrivateSlurm {
  /// Why there is none on this machine.
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  private let folder: TemporaryFolder
  /// Below those that Linux gives to whoever asks for any.
  private let ports = 20_000 + Int(getpid() % 3_000) * 4

  /// Starts the daemons.
  ///
  /// - Throws: ``Unavailable`` where Slurm is not installed or does not start.
  init() throws {
    guard geteuid() == 0 else {
      throw Unavailable(description: "Slurm's node daemon wants to be root, and this test is not.")
    }
    for program in ["munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel"]
    where Self.path(of: program) == nil {
      throw Unavailable(
        description: "\(program) is not installed; apt-get install slurm-wlm munge, as "
          + "`make test-slurm` says.")
    }
    folder = try TemporaryFolder()
    for name in ["state", "spool", "log", "munge"] {
      try FileManager.default.createDirectory(
        atPath: folder.path(name), withIntermediateDirectories: true)
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o700], ofItemAtPath: folder.path("munge"))
    let key = (0..<256).map { _ in UInt8.random(in: 0...255) }
    _ = try folder.write(key, to: "munge/key")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: folder.path("munge/key"))
    _ = try folder.write(Array(configuration.utf8), to: "slurm.conf")
    try start(
      "munged",
      [
        "--socket=\(folder.path("munge/socket"))", "--key-file=\(folder.path("munge/key"))",
        "--pid-file=\(folder.path("munge.pid"))", "--log-file=\(folder.path("log/munged.log"))",
        "--seed-file=\(folder.path("munge/seed"))", "--num-threads=2", "--force",
      ])
    try start("slurmctld", ["-f", folder.path("slurm.conf")])
    try startNode()
    let deadline = Date().addingTimeInterval(30)
    while !(try run("sinfo", ["--noheader", "--format=%T"])).contains("idle") {
      guard Date() < deadline else {
        let log =
          (try? String(contentsOfFile: folder.path("log/slurmctld.log"), encoding: .utf8)) ?? ""
        throw Unavailable(description: "Its node does not come up: \(log.suffix(400))")
      }
      usleep(200_000)
    }
  }

  deinit {
    _ = try? run("scancel", ["--signal=KILL", "--full", "--user=root"])
    _ = try? run("scancel", ["--user=root"])
    usleep(500_000)
    for name in ["slurmd", "slurmctld", "munge"] { end(name, SIGTERM) }
    usleep(500_000)
    for name in ["slurmd", "slurmctld", "munge"] { end(name, SIGKILL) }
  }

  /// The environment in which Slurm's programs find it.
  var environment: [String: String] { ["SLURM_CONF": folder.path("slurm.conf")] }

  /// Starts the node's daemon.
  func startNode() throws { try start("slurmd", ["-f", folder.path("slurm.conf"), "-N", "node"]) }

  /// Kills the node's daemon as a crash would; what it has started goes on.
  func killNode() {
    end("slurmd", SIGKILL)
    try? FileManager.default.removeItem(atPath: folder.path("slurmd.pid"))
  }

  /// What a program of Slurm prints.
  @discardableResult
  func run(_ program: String, _ arguments: [String]) throws -> String {
    guard let path = Self.path(of: program) else {
      throw Unavailable(description: "\(program) is not installed.")
    }
    // A file and no pipe, and no Process of Foundation: daemons keep open whatever they inherit, and what
    // waits for its end would wait for the daemon's.
    let output = folder.path("out-\(UUID().uuidString)")
    let settings = environment.map { "\($0.key)=\($0.value)" }
    let process = try CellProcess("/usr/bin/env", settings + [path] + arguments, log: output)
    let deadline = Date().addingTimeInterval(60)
    while process.exitCode == nil, Date() < deadline { usleep(5_000) }
    guard let code = process.exitCode else {
      process.send(signal: SIGKILL)
      throw Unavailable(description: "\(program) did not end within a minute.")
    }
    let text = try String(contentsOfFile: output, encoding: .utf8)
    try? FileManager.default.removeItem(atPath: output)
    guard code == 0 else {
      throw Unavailable(description: "\(program) failed: \(text)")
    }
    return text
  }

  private func start(_ program: String, _ arguments: [String]) throws {
    _ = try run(program, arguments)
  }

  private func end(_ name: String, _ signal: Int32) {
    let text = (try? String(contentsOfFile: folder.path("\(name).pid"), encoding: .utf8)) ?? ""
    if let process = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), process > 1 {
      kill(process, signal)
    }
  }

  private static func path(of program: String) -> String? {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"].map { "\($0)/\(program)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private var configuration: String {
    let name = (try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)) ?? ""
    let host = String(name.prefix { $0 != "." && !$0.isWhitespace })
    return """
      ClusterName=test
      SlurmctldHost=\(host)(127.0.0.1)
      SlurmctldPort=\(ports)
      SlurmdPort=\(ports + 1)
      SlurmUser=root
      SlurmdUser=root
      AuthType=auth/munge
      AuthInfo=socket=\(folder.path("munge/socket"))
      CredType=cred/munge
      StateSaveLocation=\(folder.path("state"))
      SlurmdSpoolDir=\(folder.path("spool"))
      SlurmctldPidFile=\(folder.path("slurmctld.pid"))
      SlurmdPidFile=\(folder.path("slurmd.pid"))
      SlurmctldLogFile=\(folder.path("log/slurmctld.log"))
      SlurmdLogFile=\(folder.path("log/slurmd.log"))
      ProctrackType=proctrack/linuxproc
      TaskPlugin=task/none
      SelectType=select/cons_tres
      SelectTypeParameters=CR_Core
      SchedulerParameters=sched_interval=2,bf_interval=2
      ReturnToService=2
      JobRequeue=1
      KillWait=10
      MpiDefault=none
      SwitchType=switch/none
      JobAcctGatherType=jobacct_gather/none
      AccountingStorageType=accounting_storage/none
      JobCompType=jobcomp/none
      NodeName=node NodeHostname=\(host) NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
      PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP

      """
  }
}
