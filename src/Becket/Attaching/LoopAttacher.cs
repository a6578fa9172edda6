using System.Globalization;
using Becket.Fuse;

namespace Becket.Attaching;

/// <summary>
/// Puts a loop device over a file that this process serves, in a process of its own: to open, read and close the file, the kernel waits for
/// answers of this process, which could not be killed while it waited for itself, and would leave a mount that never answers.
/// </summary>
internal static class LoopAttacher
{
    /// <summary>The hidden command that the other process is started with.</summary>
    public const string Command = "attach-loop";

    private const string ErrorPrefix = "becket: ";

    /// <exception cref="CommandException">It cannot be done; the sentence says why and what to do.</exception>
    public static async Task<LoopDevice> AttachAsync(string file)
    {
        var result = await SystemCommand.RunAsync(Environment.ProcessPath!, [Command, file], CancellationToken.None);
        if (result.ExitCode == ExitCode.Success)
            return LoopDevice.Open(int.Parse(result.Output, CultureInfo.InvariantCulture));
        throw new CommandException(result.Complaint.StartsWith(ErrorPrefix, StringComparison.Ordinal)
            ? result.Complaint[ErrorPrefix.Length..]
            : $"no loop device for {file}: {result.Complaint}");
    }
}
