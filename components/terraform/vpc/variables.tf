variable "enabled" {
  type    = bool
  default = true
}

variable "namespace" {
  type = string
}

variable "stage" {
  type = string
}

variable "region" {
  type = string
}

variable "name" {
  type = string
}

variable "cidr" {
  type = string

  validation {
    condition     = can(cidrnetmask(var.cidr))
    error_message = "The CIDR must be an IPv4 block such as 10.0.0.0/16."
  }
}

variable "subnets" {
  type = list(string)
}

variable "tags" {
  type    = map(string)
  default = {}
}
