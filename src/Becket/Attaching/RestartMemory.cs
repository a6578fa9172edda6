namespace Becket.Attaching;

/// <summary>What an attachment's state remembers for a process that takes over: how it was begun, without secrets.</summary>
internal sealed record RestartMemory
{
    /// <summary>Variables that say where things are. Those that hold keys are left out on purpose.</summary>
    private static readonly string[] Variables =
    [
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED",
        "HOME", "BECKET_RUNTIME_DIR",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_SERVICE_NAME",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    ];

    public IReadOnlyList<string>? Arguments { get; init; }

    public string Folder { get; init; } = "/";

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public string? Log { get; init; }

    public int? Supervisor { get; init; }

    /// <summary>Remembers this process's own beginning.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="request">What it asks for.</param>
    /// <param name="log">Where its log goes; null for standard error.</param>
    /// <param name="supervisor">Who watches over it.</param>
    public static RestartMemory Of(IReadOnlyList<string> arguments, AttachmentRequest request, string? log, int? supervisor) => new()
    {
        // The query of a URL may be a signature, and so may be what stands before its host.
        Arguments = request.Source is Sources.DeviceSource.Http { Url: { UserInfo: "", Query: "" } } or not Sources.DeviceSource.Http
            ? arguments
            : null,
        Folder = System.Environment.CurrentDirectory,
        Environment = Variables
            .Select(static name => (Name: name, Value: System.Environment.GetEnvironmentVariable(name)))
            .Where(static variable => variable.Value is { Length: > 0 } value && !value.Contains('@', StringComparison.Ordinal))
            .ToDictionary(static variable => variable.Name, static variable => variable.Value!, StringComparer.Ordinal),
        Log = log,
        Supervisor = supervisor,
    };
}
