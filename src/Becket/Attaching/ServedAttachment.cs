using Becket.Daemon;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>Serves an attachment in this process and removes its folder at the end, unless somebody is to take it over.</summary>
internal static partial class ServedAttachment
{
    public static async Task RunAsync(
        AttachmentRequest request,
        StateFolder folder,
        RestartMemory memory,
        ILoggerFactory loggers,
        Action<StartReport> started,
        CancellationToken stopping)
    {
        var isTakeover = folder.State is not null;
        var isStarted = false;
        try
        {
            await new AttachmentRun(request, folder, memory, loggers).RunAsync(
                report =>
                {
                    isStarted = true;
                    started(report);
                },
                stopping);
        }
        catch when (isTakeover || isStarted)
        {
            throw; // whoever looks after it may start another process for it
        }
        catch
        {
            Remove(folder, loggers);
            throw;
        }
        Remove(folder, loggers);
    }

    /// <summary>The device is gone from the kernel; a file that stays behind is no reason to start it again.</summary>
    private static void Remove(StateFolder folder, ILoggerFactory loggers)
    {
        try
        {
            folder.Remove();
        }
        catch (IOException e)
        {
            LogNotRemoved(loggers.CreateLogger(nameof(ServedAttachment)), folder.Path, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the folder {Path} cannot be removed: {Reason}")]
    private static partial void LogNotRemoved(ILogger logger, string path, string reason);
}
