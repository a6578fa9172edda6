using System.Net;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Serving;

internal static partial class Log
{
    /// <summary>Says how the secrets among nbdkit's words could be kept better.</summary>
    public static void WarnOfSecrets(ILogger logger, NbdkitParameters parameters)
    {
        if (parameters.HasSecret)
            SecretOnCommandLine(logger);
        if (parameters.OpenSecretFile is { } file)
            SecretInOpenFile(logger, file);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "others may read {File}, which holds a secret; 'chmod 600 {File}' keeps them out")]
    private static partial void SecretInOpenFile(ILogger logger, string file);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "secrets given on the command line are shown by ps to every user of this machine; "
            + "prefer the environment, --profile or secret_key=+FILE")]
    private static partial void SecretOnCommandLine(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "opened {Source} as export '{Name}': {Size} bytes")]
    public static partial void Opened(ILogger logger, DeviceSource source, string name, long size);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "clients of {Address} are served without TLS: whoever is on their network can read along and connect; "
            + "--tls-certificates turns TLS on")]
    public static partial void PlainText(ILogger logger, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Information, Message = "serving {Exports} on {Uri}")]
    public static partial void Serving(ILogger logger, ExportCatalog exports, string uri);

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on {Uri}")]
    public static partial void Listening(ILogger logger, string uri);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping: finishing what is in flight")]
    public static partial void Stopping(ILogger logger);
}
