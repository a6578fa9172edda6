using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Caching.Profiles;

/// <summary>
/// Where the profile of a device is kept. It is only ever a help: what cannot be read or written is a warning, no failure.
/// </summary>
internal sealed partial class ProfileFile(string path, ILogger logger)
{
    /// <summary>Much more than a profile has; a file of this size is something else.</summary>
    private const int LargestFile = 1024 * 1024;

    public BootProfile? Load(long size)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return null;
            if (file.Length <= LargestFile && BootProfile.Parse(File.ReadAllText(path), size) is { } profile)
                return profile;
            LogOther(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(path, e.Message);
        }
        return null;
    }

    /// <summary>Puts a profile in place, whole or not at all.</summary>
    public void Save(BootProfile profile)
    {
        var draft = $"{path}.{Environment.ProcessId}";
        try
        {
            File.WriteAllText(draft, profile.ToText());
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(path, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} is no profile of this device and is not used; it will be replaced")]
    private partial void LogOther(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the profile {Path} cannot be read: {Reason}")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the profile {Path} cannot be written: {Reason}")]
    private partial void LogUnwritable(string path, string reason);
}
