using Becket.Daemon;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>Serves an attachment in this process and removes its folder at the end, unless somebody is to take it over.</summary>
internal static class ServedAttachment
{
    public static async Task RunAsync(
        AttachmentRequest request, StateFolder folder, RestartMemory memory, ILoggerFactory loggers, Action<StartReport> started, CancellationToken stopping)
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
            folder.Remove();
            throw;
        }
        folder.Remove();
    }
}
