using System.Diagnostics;

namespace Becket.Bench.Compare.Setting;

/// <summary>Programs of the system, run to their end.</summary>
internal static class Tool
{
    /// <summary>Runs a program and returns what it printed. A cancelled one is killed first.</summary>
    /// <exception cref="IOException">It failed; the message has its last words.</exception>
    public static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        if (process.ExitCode != 0)
            throw new IOException($"{program} {string.Join(' ', arguments)}: exit status {process.ExitCode}: {(await errors).Trim()}");
        return await output;
    }

    /// <summary>The same for ways out: a failure is the answer false, since there is nobody left to tell.</summary>
    public static async Task<bool> TryRunAsync(string program, params string[] arguments)
    {
        try
        {
            await RunAsync(program, arguments, CancellationToken.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Asks for something until it is so; fails when it takes longer than the limit.</summary>
    public static async Task WaitUntilAsync(Func<bool> condition, string what, TimeSpan limit, CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begin) > limit)
                throw new IOException($"{what}: not within {limit.TotalSeconds} s");
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }
    }
}
