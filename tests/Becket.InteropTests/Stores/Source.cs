namespace Becket.InteropTests.Stores;

/// <summary>
/// Something that becket can serve: its words on the command line and the variables they need.
/// </summary>
public sealed record Source(IReadOnlyList<string> Arguments, IReadOnlyList<(string Name, string? Value)> Environment)
{
    /// <summary>What starts the program instead of the tests: a program and its arguments, which the real command line follows.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    public static Source File(string path) => new([path], []);

    /// <summary>These variables alone: neither the developer's own AWS configuration counts nor a cloud's metadata service.</summary>
    public IReadOnlyList<(string Name, string? Value)> OnlyEnvironment =>
    [
        .. System.Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(static name => name.StartsWith("AWS_", StringComparison.Ordinal))
            .Select(static name => (name, (string?)null)),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HOME", "/nonexistent"),
        .. Environment,
    ];

    /// <summary>The same with more words.</summary>
    public Source With(params IEnumerable<string> more) => this with { Arguments = [.. Arguments, .. more] };
}

/// <summary>Where a source can be.</summary>
public enum Place
{
    File,
    DevS3,
    RadosGateway,
}
