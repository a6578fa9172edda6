using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>Does something for each of several names: what fails for one is told, and is no reason to leave out the others.</summary>
internal static class EachName
{
    /// <returns>The exit code: success where all went well.</returns>
    public static async Task<int> RunAsync(IEnumerable<string> names, Func<string, Task> run)
    {
        var exitCode = ExitCode.Success;
        foreach (var name in names)
        {
            try
            {
                await run(name);
            }
            catch (CommandException e)
            {
                await Journal.WriteLineAsync(LogLevel.Error, $"becket: {e.Message}");
                exitCode = ExitCode.Failure;
            }
        }
        return exitCode;
    }
}
