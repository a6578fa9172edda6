namespace Becket.Objects.S3;

/// <summary>
/// What requests are signed with. <see cref="ToString"/> shows the beginning of the access key only, so that a
/// log or a message cannot give a secret away, not even where somebody swapped the two.
/// </summary>
/// <param name="AccessKey">The access key's id.</param>
/// <param name="SecretKey">The secret.</param>
/// <param name="SessionToken">Sent along with temporary credentials.</param>
public sealed record S3Credentials(string AccessKey, string SecretKey, string? SessionToken)
{
    /// <summary>The access key as messages show it: <c>AKIA...</c>.</summary>
    public string DisplayName => AccessKey.Length > 8 ? string.Concat(AccessKey.AsSpan(0, 4), "...") : "...";

    public override string ToString() => DisplayName;
}
