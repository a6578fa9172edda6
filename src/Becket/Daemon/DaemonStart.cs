using System.Diagnostics;
using System.Text.Json;

namespace Becket.Daemon;

/// <summary>
/// Starts a copy of this program that is told its work over standard input and answers with one line when it is ready, or cannot be.
/// </summary>
internal static class DaemonStart
{
    /// <summary>The hidden commands that such a copy is started with.</summary>
    public const string SupervisorCommand = "supervise";
    public const string ServerCommand = "serve-attachment";

    /// <summary>Starts one; its standard error is this process's.</summary>
    /// <param name="command">One of the hidden commands.</param>
    /// <param name="source">What it is about: for people who look at ps(1).</param>
    /// <param name="plan">Its work.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="environment">Variables to be set where they are not.</param>
    public static async Task<Process> StartAsync(
        string command, string source, DaemonPlan plan, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [command, source])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment)
        {
            if (!start.Environment.ContainsKey(name))
                start.Environment[name] = value;
        }
        var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(plan, DaemonJson.Default.DaemonPlan));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already; whoever waits for its report will see.
        }
        return process;
    }

    /// <summary>The plan that this process was started with.</summary>
    public static DaemonPlan ReadPlan()
    {
        var line = Console.In.ReadLine();
        return line is null || line.Length == 0
            ? throw CommandException.Usage("this command is becket's own; 'becket mount' and 'becket attach' start it")
            : JsonSerializer.Deserialize(line, DaemonJson.Default.DaemonPlan)!;
    }

    /// <summary>
    /// Takes this process into a session of its own, when all is mounted: what happens to the terminal is no concern of the mount.
    /// Not sooner, since an automount point lets systemd's process group in, and has all others wait for the mount.
    /// </summary>
    public static void LeaveSession() => _ = Posix.NewSession();

    /// <summary>Tells the process that started this one.</summary>
    public static void Report(StartReport report)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(report, DaemonJson.Default.StartReport));
        Console.Out.Flush();
    }

    /// <summary>Waits for the report.</summary>
    /// <returns>A report of its failure where the process ended without a word.</returns>
    public static async Task<StartReport> ReadReportAsync(Process process, CancellationToken cancellationToken)
    {
        if (await process.StandardOutput.ReadLineAsync(cancellationToken) is { Length: > 0 } line)
            return JsonSerializer.Deserialize(line, DaemonJson.Default.StartReport)!;
        await process.WaitForExitAsync(cancellationToken);
        return new StartReport
        {
            Failure = $"the background process {HowEnded(process)} before it could say anything",
            ExitCode = ExitCode.Failure,
        };
    }

    /// <summary>How a process has ended, for a sentence that begins with it.</summary>
    public static string HowEnded(Process process) =>
        process.ExitCode > 128 ? $"was killed by signal {process.ExitCode - 128}" : $"ended with exit status {process.ExitCode}";
}
